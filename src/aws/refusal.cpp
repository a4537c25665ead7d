#include "aws/refusal.h"

#include <algorithm>
#include <utility>

namespace aws {
namespace {

// Codes as they are on the wire: of the RDS API's "Common errors" and each operation's, botocore's
// retries/standard.py, and the other services' common errors.
constexpr std::pair<std::string_view, Class> codes[] = {
    {"Throttling", Class::throttle},
    {"ThrottlingException", Class::throttle},
    {"ThrottledException", Class::throttle},
    {"RequestThrottled", Class::throttle},
    {"RequestThrottledException", Class::throttle},
    {"RequestLimitExceeded", Class::throttle},
    {"TooManyRequestsException", Class::throttle},
    {"ProvisionedThroughputExceededException", Class::throttle},
    {"ProvisionedThroughputExceeded", Class::throttle},
    {"TransactionInProgressException", Class::throttle},
    {"BandwidthLimitExceeded", Class::throttle},
    {"LimitExceededException", Class::throttle},
    {"PriorRequestNotComplete", Class::throttle},
    {"SlowDown", Class::throttle},
    {"EC2ThrottledException", Class::throttle},
    {"InternalFailure", Class::transient},
    {"InternalError", Class::transient},
    {"InternalServiceError", Class::transient},
    {"InternalServerError", Class::transient},
    {"ServiceUnavailable", Class::transient},
    {"ServiceUnavailableException", Class::transient},
    {"ClientUnavailable", Class::transient},
    {"Unavailable", Class::transient},
    {"RequestTimeout", Class::transient},
    {"RequestTimeoutException", Class::transient},
    {"IDPCommunicationError", Class::transient},
    {"RequestTimeTooSkewed", Class::clock},
    {"RequestExpired", Class::clock},
    {"RequestInTheFuture", Class::clock},
    {"ExpiredToken", Class::credentials},
    {"ExpiredTokenException", Class::credentials},
    {"TokenRefreshRequired", Class::credentials},
    {"AccessDenied", Class::permission},
    {"AccessDeniedException", Class::permission},
    {"UnauthorizedOperation", Class::permission},
    {"UnauthorizedAccess", Class::permission},
    {"NotAuthorized", Class::permission},
    {"AuthorizationError", Class::permission},
    {"AuthFailure", Class::permission},
    {"OptInRequired", Class::permission},
    {"InvalidClientTokenId", Class::permission},
    {"UnrecognizedClientException", Class::permission},
    {"InvalidAccessKeyId", Class::permission},
    {"IncompleteSignature", Class::permission},
    {"MissingAuthenticationToken", Class::permission},
    {"MissingAuthenticationTokenException", Class::permission},
    {"SignatureDoesNotMatch", Class::permission},
    {"InvalidSignatureException", Class::permission},
    {"KMSKeyNotAccessibleFault", Class::permission},
    {"InvalidDBInstanceState", Class::state},
    {"InvalidDBClusterStateFault", Class::state},
    {"InvalidDBSnapshotState", Class::state},
    {"InvalidDBClusterSnapshotStateFault", Class::state},
    {"InvalidResourceStateFault", Class::state},
    {"InvalidOptionGroupStateFault", Class::state},
    {"InvalidGlobalClusterStateFault", Class::state},
    {"InvalidDBParameterGroupState", Class::state},
    {"InvalidVPCNetworkStateFault", Class::state},
    {"ResourceInUseException", Class::state},
    {"InsufficientDBInstanceCapacity", Class::capacity},
    {"InsufficientDBClusterCapacityFault", Class::capacity},
    {"InsufficientStorageClusterCapacity", Class::capacity},
    {"InsufficientInstanceCapacity", Class::capacity},
    {"ProvisionedIopsNotAvailableInAZFault", Class::capacity},
    {"StorageTypeNotAvailableFault", Class::capacity},
    {"InstanceQuotaExceeded", Class::quota},
    {"StorageQuotaExceeded", Class::quota},
    {"SnapshotQuotaExceeded", Class::quota},
    {"SharedSnapshotQuotaExceeded", Class::quota},
    {"DBClusterQuotaExceededFault", Class::quota},
    {"DBInstanceAutomatedBackupQuotaExceeded", Class::quota},
    {"DBClusterAutomatedBackupQuotaExceededFault", Class::quota},
};

}  // namespace

Class class_of(std::string_view code, int status, std::string_view message) {
  if (message.starts_with("Signature expired") || message.starts_with("Signature not yet current"))
    return Class::clock;
  const auto at = std::ranges::find(codes, code, &std::pair<std::string_view, Class>::first);
  if (at != std::end(codes)) return at->second;
  if (status == 429) return Class::throttle;
  return status >= 500 ? Class::transient : Class::other;
}

bool is_retryable(Class kind) {
  return kind == Class::throttle || kind == Class::transient || kind == Class::clock ||
         kind == Class::credentials || kind == Class::state;
}

std::string_view advice(Class kind) {
  switch (kind) {
    case Class::throttle:
      return "too many requests in this account and Region: it is tried again";
    case Class::transient:
      return "a fault of the service or on the way to it: it is tried again";
    case Class::clock:
      return "set this host's clock: AWS takes five minutes of difference at most";
    case Class::credentials:
      return "log in again (aws sso login), or renew the keys";
    case Class::permission:
      return "look at the policies of the identity (aws sts get-caller-identity)";
    case Class::state:
      return "it can work when the resource has left its state";
    case Class::capacity:
      return "try another class, storage type or availability zone, or later";
    case Class::quota:
      return "ask for more under Service Quotas, or delete what is not needed";
    case Class::other:
      return "look at the request and at what it names";
  }
  return "";
}

}  // namespace aws
