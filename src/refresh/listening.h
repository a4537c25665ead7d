// What a restore's member says of where the new database listens.
#pragma once

#include "refresh/step.h"

namespace refresh {

inline constexpr Field listen_address =
    text("listenaddress", "Address of this host that it listens on once it is open; not on AWS.")
        .as("listen.address")
        .optional();
inline constexpr Field listen_tls =
    choice("listentls", provider::tls_choices,
           "Whether logins over the network need TLS, may have it, or go without; not on AWS.")
        .as("listen.tls.mode")
        .optional();
inline constexpr Field listen_certificate =
    text("listencertificate", "File with the certificate that it shows, in PEM; not on AWS.")
        .as("listen.tls.certificate")
        .optional();
inline constexpr Field listen_key =
    text("listenkey", "File with the certificate's key, mode 0600; not on AWS.")
        .as("listen.tls.key")
        .optional();
inline constexpr Field listen_networks =
    list("listennetworks",
         "Networks that logins are taken from, with commas between; PostgreSQL, not on AWS.")
        .as("listen.networks")
        .optional();

/// `member` may be normalised or not.
provider::Listening listening_of(const Json& member);
/// The members of a Listening, and the member's field for each.
inline constexpr std::pair<const char*, const char*> listening_fields[] = {
    {"address", "listenaddress"},
    {"tls", "listentls"},
    {"certificate", "listencertificate"},
    {"key", "listenkey"},
    {"networks", "listennetworks"}};
void check_listening(const Json& member, std::vector<Problem>& problems);

}  // namespace refresh
