#include "aws/sender.h"

#include <fmt/format.h>

#include "aws/input.h"
#include "aws/protocol.h"
#include "aws/sigv4.h"
#include "aws/source_region.h"

namespace aws {

using base::Json;
using namespace std::chrono;

struct Sender::Outgoing {
  const Service& service;
  const Operation& operation;
  const std::string& region;
  CredentialSource* credentials;
  Json input;
  Request request;
  Endpoint endpoint;

  CallName name() const { return {service, operation, region}; }
  /// It may be sent although it may have been carried out.
  bool is_repeatable() const { return !changes(operation) || has_token(operation); }
};

namespace {

/// Answers that take longer than this are taken for lost, whatever the budget has.
constexpr milliseconds longest_answer{60'000}, longest_connect{5'000};

std::string path_of(const std::string& url) {
  const auto slash = url.find('/', url.find("://") + 3);
  return slash == std::string::npos ? "" : url.substr(slash);
}

std::string origin_of(const std::string& url) {
  return url.substr(0, url.size() - path_of(url).size());
}

milliseconds left(const base::Budget& budget) {
  return std::clamp(duration_cast<milliseconds>(budget.until - budget.clock.now()), milliseconds{1},
                    longest_answer);
}

Signing signing_of(const Service& service) {
  const bool is_s3 = service.name == "s3";
  return {.normalize_path = !is_s3, .encode_again = !is_s3, .content_hash = is_s3};
}

base::Error interrupted() {
  return {"Interrupted", "told to stop"};
}

}  // namespace

Sender::Sender(SenderOptions options)
    : options_(std::move(options)), looks_(options_.looks), changes_(options_.changes) {}

Json Sender::send(const Call& call, const std::string& region, CredentialSource* credentials,
                  const base::Budget& budget) {
  const Service& service = aws::service(call.service);
  const Operation& operation = service.operation(call.operation);
  const bool is_copy = has_source_region(operation, call.input) && credentials != nullptr;
  const Json input = is_copy ? with_source_url(service, operation, call.input, region, options_.endpoints,
                                               credentials->get(budget), true_time(budget))
                             : call.input;
  Outgoing out{service, operation, region, credentials, checked_input(service, operation, input), {}, {}};
  out.request = write_request(service, operation, out.input);
  out.endpoint = endpoint_of(service, region, options_.endpoints);
  if (service.name == "s3") place_bucket(out.request, out.endpoint);
  out.request.path = path_of(out.endpoint.url) + out.request.path;
  bool maybe_delivered = false;  // by any attempt: what comes later does not undo it
  try {
    return send(out, maybe_delivered, budget);
  } catch (base::Error& error) {
    error.maybe_delivered = maybe_delivered || error.maybe_delivered;
    throw;
  }
}

Json Sender::send(const Outgoing& out, bool& maybe_delivered, const base::Budget& budget) {
  for (int attempts = 1;; ++attempts) {
    Answer answer = attempt(out, budget);
    if (auto* output = std::get_if<Json>(&answer)) {
      attempts == 1 ? quota_.reward() : quota_.give_back();
      return std::move(*output);
    }
    const Failure& failure = std::get<Failure>(answer);
    maybe_delivered = maybe_delivered || failure.error.maybe_delivered;
    if (!try_again(out, failure, attempts, budget)) throw failure.error;
  }
}

void Sender::wait_for_turn(const Outgoing& out, const base::Budget& budget) {
  Pace& pace = changes(out.operation) ? changes_ : looks_;
  const auto at = pace.take(out.service.name + " " + out.region, budget.clock.now(), budget.until);
  if (at > budget.until) {
    base::Error error("TooManyRequests",
                      fmt::format("{} {} in {}: its turn among our own requests comes after the time it has",
                                  out.service.name, out.operation.name, out.region),
                      "it is tried again");
    error.retryable = true;
    throw error;
  }
  if (!budget.clock.sleep_until(at, budget.stop)) throw interrupted();
  if (budget.clock.now() < budget.until) return;
  base::Error error(
      "DeadlineExceeded",
      fmt::format("{} {} in {}: the time for it is over", out.service.name, out.operation.name, out.region),
      "it is tried again");
  error.retryable = true;
  throw error;
}

Sender::Answer Sender::attempt(const Outgoing& out, const base::Budget& budget) {
  if (budget.stop.stop_requested()) throw interrupted();
  const bool is_signed = out.operation.is_signed && out.credentials != nullptr;
  const Credentials who = is_signed ? out.credentials->get(budget) : Credentials();
  wait_for_turn(out, budget);
  const os::HttpRequest request = signed_request(out, who, budget);
  if (options_.tally != nullptr) options_.tally->add();
  try {
    return judge(out, who, http_.send(request, budget.stop), budget.clock.now());
  } catch (base::Error& error) {
    if (error.code == "Interrupted") throw;
    return unanswered(out.name(), std::move(error));
  }
}

os::HttpRequest Sender::signed_request(const Outgoing& out, const Credentials& who,
                                       const base::Budget& budget) const {
  Request request = out.request;
  request.headers.emplace_back("Host", host_of(out.endpoint.url));
  if (!who.access_key_id.empty())
    sign(request, who, {out.endpoint.signing_region, out.service.signing_name}, true_time(budget),
         signing_of(out.service));
  request.headers.emplace_back("User-Agent", "dbrefresh");
  const std::string query = encoded_query(request.query);
  const auto within = left(budget);
  return {.method = request.method,
          .url = origin_of(out.endpoint.url) + request.path + (query.empty() ? "" : "?" + query),
          .headers = std::move(request.headers),
          .body = std::move(request.body),
          .once = !out.is_repeatable(),
          .connect_within = std::min(within, longest_connect),
          .within = within,
          .certificates = options_.certificates};
}

Sender::Answer Sender::judge(const Outgoing& out, const Credentials& who, const os::HttpResponse& response,
                             base::Time now) {
  if (response.status >= 200 && response.status < 300) try {
      return read_response(out.service, out.operation, response);
    } catch (base::Error& error) {
      error.retryable = error.maybe_delivered = true;  // it was carried out, as the status says
      return unanswered(out.name(), std::move(error));
    }
  Failure failure = refused(out.name(), response, out.input, now);
  if (failure.kind == Class::credentials && out.credentials != nullptr) out.credentials->forget(who);
  return failure;
}

base::Time Sender::true_time(const base::Budget& budget) const {
  return budget.clock.now() + microseconds{clock_error_us_.load()};
}

bool Sender::correct_clock(microseconds error) {
  const auto known = clock_error_us_.exchange(error.count());
  return abs(error - microseconds{known}) > minutes{1};  // else it was not that
}

bool Sender::try_again(const Outgoing& out, const Failure& failure, int attempts,
                       const base::Budget& budget) {
  const base::Time now = budget.clock.now();
  if (failure.kind == Class::clock) {
    return failure.server_time && correct_clock(*failure.server_time - now);
  }
  if (failure.kind == Class::credentials) return attempts == 1;
  if (failure.kind != Class::throttle && failure.kind != Class::transient) return false;
  if (failure.error.maybe_delivered && !out.is_repeatable()) return false;
  const auto wait = std::max(backoff(attempts + 1, failure.kind == Class::throttle),
                             failure.retry_after.value_or(microseconds{0}));
  if (now + wait >= budget.until || !quota_.take()) return false;
  if (!budget.clock.sleep_until(now + wait, budget.stop)) throw interrupted();
  return true;
}

}  // namespace aws
