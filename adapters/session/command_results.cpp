#include "adapters/session/command_results.hpp"

namespace vitalgate::session {

namespace {

v1::CommandFailure failureOf(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::timedOut:
            return v1::FAILURE_TIMED_OUT;
        case ErrorKind::disconnected:
        case ErrorKind::cancelled:
            return v1::FAILURE_DISCONNECTED;
        case ErrorKind::authentication:
            return v1::FAILURE_NOT_BONDED;
        case ErrorKind::refused:
        case ErrorKind::unsupported:
        case ErrorKind::malformed:
            return v1::FAILURE_DEVICE_REFUSED;
        default:
            return v1::FAILURE_INTERNAL;
    }
}

v1::CommandResult refused(v1::CommandRefusal why, std::string text) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_REFUSED);
    result.set_refusal(why);
    result.set_text(std::move(text));
    return result;
}

}  // namespace

v1::CommandResult doneResult() {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_DONE);
    return result;
}

v1::CommandResult failedResult(const Error& error) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_FAILED);
    result.set_failure(failureOf(error.kind));
    result.set_text(error.message);
    return result;
}

v1::CommandResult outOfRange(std::string text) {
    return refused(v1::REFUSAL_OUT_OF_RANGE, std::move(text));
}

v1::CommandResult notSupported() {
    return refused(v1::REFUSAL_NOT_SUPPORTED, "the device cannot do that");
}

v1::CommandResult notBegun() {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_FAILED);
    result.set_failure(v1::FAILURE_UNREACHABLE);
    result.set_text("the connection ended before the command could begin");
    return result;
}

v1::CommandResult expired() {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_EXPIRED);
    result.set_text("its time was over before the device could be asked");
    return result;
}

}  // namespace vitalgate::session
