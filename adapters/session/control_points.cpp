#include "adapters/session/control_points.hpp"

#include "adapters/profiles/user_data.hpp"

namespace vitalgate::session {

namespace {

/// The stream of an oximeter.
const Uuid kStream{0x2A5F};
/// However much a device has to say.
constexpr Duration kLongestProcedure = std::chrono::minutes{30};

}  // namespace

bool ControlPoints::owesAnswer(const Endpoint& controlPoint) const {
    return unanswered_.contains(controlPoint.characteristic.handle);
}

asio::awaitable<Result<Bytes>> ControlPoints::ask(Endpoint controlPoint, Bytes request,
                                                  IsAnswer isAnswer) {
    // An answer that comes too late would be taken for that to the next request. Users are asked
    // all the same: one of whom the device says nothing does not keep the others from their
    // readings.
    const bool isUsers = controlPoint.spec->uuid == profiles::kUserControlPoint;
    if (owesAnswer(controlPoint) && !isUsers)
        co_return fail(ErrorKind::refused, "it has left a request unanswered");
    const auto subscribed = co_await shared_.calls.subscribe(controlPoint.characteristic);
    if (!subscribed) co_return std::unexpected(subscribed.error());
    const auto drained = co_await drain(Duration::zero());
    if (!drained) co_return std::unexpected(drained.error());
    const auto operation = request.front();
    const auto& characteristic = controlPoint.characteristic;
    const auto written = co_await shared_.calls.write(characteristic, std::move(request));
    if (!written) co_return std::unexpected(written.error());
    const auto limit = shared_.options.limits.procedure;
    auto answer = co_await awaitAnswer(controlPoint, operation, isAnswer, limit);
    const bool isLeftOut = !answer && answer.error().kind == ErrorKind::timedOut;
    if (isLeftOut) unanswered_.insert(characteristic.handle);
    co_return answer;
}

/// Each value of the service begins the limit anew, but for a stream, which never pauses.
asio::awaitable<Result<Bytes>> ControlPoints::awaitAnswer(Endpoint controlPoint,
                                                          std::uint8_t request, IsAnswer isAnswer,
                                                          Duration limit) {
    auto& clock = shared_.clock;
    const auto last = clock.steady() + kLongestProcedure;
    auto end = clock.steady() + limit;
    for (;;) {
        const auto left = std::max(last - clock.steady(), Duration{0});
        const auto until = std::min(exchange_.waitUntil(end), left);
        auto value = co_await shared_.link.nextValue(until);
        const bool isOver = clock.steady() >= std::min(end, last);
        const bool isTimedOut = !value && value.error().kind == ErrorKind::timedOut;
        // Something that was gathered is due, or a command was given, which has to wait.
        if (isTimedOut && !isOver) {
            const auto kept = co_await exchange_.keepDue(false);
            if (!kept) co_return std::unexpected(kept.error());
            continue;
        }
        if (!value) co_return std::unexpected(value.error());
        if (value->handle == controlPoint.characteristic.handle) {
            if (isAnswer(value->bytes, request)) co_return value->bytes;
            shared_.log.info("{}: an answer to something else", controlPoint.spec->name);
            continue;
        }
        const auto origin = shared_.database.origin(*value);
        const bool isOfService = origin && origin->profile == controlPoint.profile;
        if (isOfService && value->characteristic != kStream) end = clock.steady() + limit;
        const auto kept = co_await exchange_.take(std::move(*value));
        if (!kept) co_return std::unexpected(kept.error());
        if (clock.steady() >= last) co_return fail(ErrorKind::timedOut, "no end of the procedure");
    }
}

asio::awaitable<Status> ControlPoints::drain(Duration quiet) {
    auto& clock = shared_.clock;
    const auto last = clock.steady() + shared_.options.limits.procedure;
    auto end = clock.steady() + quiet;
    for (;;) {
        const auto left = exchange_.waitUntil(std::min(end, last));
        auto value = co_await shared_.link.nextValue(left);
        if (!value && value.error().kind != ErrorKind::timedOut)
            co_return std::unexpected(value.error());
        if (value) {
            end = clock.steady() + quiet;
            const auto kept = co_await exchange_.take(std::move(*value));
            if (!kept) co_return kept;
        } else {
            const auto kept = co_await exchange_.keepDue(false);
            if (!kept) co_return kept;
        }
        if (clock.steady() >= std::min(end, last)) co_return Status{};
    }
}

asio::awaitable<void> ControlPoints::abort(Endpoint controlPoint, Bytes request,
                                           IsAnswer isAnswer) {
    const auto operation = request.front();
    const auto& characteristic = controlPoint.characteristic;
    const auto written = co_await shared_.calls.write(characteristic, std::move(request));
    if (!written) {
        shared_.log.info("abort: {}", written.error().message);
        co_return;
    }
    const auto limit = shared_.options.limits.write;
    const auto answer = co_await awaitAnswer(controlPoint, operation, isAnswer, limit);
    if (answer) unanswered_.erase(characteristic.handle);
}

}  // namespace vitalgate::session
