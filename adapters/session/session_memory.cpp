#include "adapters/session/session.hpp"
#include "adapters/session/waiting_values.hpp"

// The part of a conversation that knows earlier ones: what was remembered of the device.
namespace vitalgate::session {

/// What cannot be read is as good as not remembered; the conversation goes on.
asio::awaitable<std::string> Session::recallText(std::string name) {
    const auto text = co_await sink_.bookmark(settings_.id, name);
    if (!text) {
        log_.warning("what was remembered is not known: {}", text.error().message);
        co_return std::string();
    }
    remembered_[name] = *text;
    co_return *text;
}

asio::awaitable<Status> Session::recall() {
    const auto clock = co_await recallText("clock-offset");
    deviceClock_ = DeviceClock::fromBookmark(clock, clock_.now().boot);
    for (const auto& [slot, code] : settings_.consent) {
        auto name = userBookmark(slot);
        const auto number = co_await recallText(std::move(name));
        if (!number.empty()) noteRegistered(slot, number);
    }
    co_return Status{};
}

/// What waited for its other piece when the process ended: it waits once more. What was given out
/// without its other piece is still completed by it.
asio::awaitable<Status> Session::takeUpWaiting() {
    const auto incomplete = co_await recallText("incomplete");
    const auto text = co_await recallText("waiting");
    const auto known = context();
    for (const auto& value : valuesFrom(incomplete)) {
        auto decoded = decode(known, value);
        for (auto& piece : decoded.pieces) joiner_.recall(std::move(piece));
    }
    if (text.empty()) co_return Status{};
    Append append;
    for (const auto& value : valuesFrom(text)) {
        auto decoded = decode(known, value);
        const auto whole = sort(decoded.pieces);
        auto more = appendOf(known, whole, std::move(decoded));
        std::ranges::move(more.readings, std::back_inserter(append.readings));
        std::ranges::move(more.events, std::back_inserter(append.events));
    }
    co_return co_await commit(append);
}

}  // namespace vitalgate::session
