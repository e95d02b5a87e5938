#include "adapters/session/people.hpp"

#include <algorithm>
#include <charconv>

#include "adapters/profiles/user_data.hpp"
#include "adapters/session/subject.hpp"

namespace vitalgate::session {

namespace {

/// A device sends what it has of a user at once after the consent.
constexpr Duration kQuiet = std::chrono::seconds{2};

bool isUserAnswer(ByteView value, std::uint8_t request) {
    const auto answer = profiles::decodeUserAnswer(value);
    return answer && answer->operation == request;
}

std::string userBookmark(std::uint32_t slot) {
    return fmt::format("user-{}", slot);
}

}  // namespace

/// Also of slots whose code is no longer configured: their number is nobody else's.
asio::awaitable<Status> People::recall() {
    std::set<std::uint32_t> slots;
    for (const auto& [slot, code] : shared_.settings.consent) slots.insert(slot);
    for (const auto& [slot, person] : shared_.settings.subjects.slots) slots.insert(slot);
    for (const auto slot : slots) {
        auto name = userBookmark(slot);
        const auto number = co_await exchange_.recallText(std::move(name));
        if (!number) co_return std::unexpected(number.error());
        if (!number->empty()) noteRegistered(slot, *number);
    }
    co_return Status{};
}

/// The device has given the user of a slot another number: its readings bear that.
void People::noteRegistered(std::uint32_t slot, const std::string& number) {
    std::uint32_t given = 0;
    const auto* end = number.data() + number.size();
    if (std::from_chars(number.data(), end, given).ptr != end) return;
    registered_[slot] = given;
    assignNumbers();
}

/// A number is its person's as long as the device takes that person's code for it: the device may
/// have been reset since, and the number be a stranger's.
void People::assignNumbers() {
    subjects_ = renumbered(shared_.settings.subjects, registered_);
    for (const auto& [slot, number] : registered_) {
        if (!consented_.contains(slot)) subjects_.slots.erase(number);
    }
}

void People::noteConsent(std::uint32_t slot) {
    consented_.insert(slot);
    assignNumbers();
}

bool People::isTaken(std::uint32_t slot, std::uint32_t number) const {
    return std::ranges::any_of(
        registered_, [&](const auto& each) { return each.first != slot && each.second == number; });
}

bool People::needConsent() const {
    if (shared_.settings.consent.empty()) return false;
    const auto& database = shared_.database;
    return database.kinds().empty() || database.find(profiles::kUserControlPoint).has_value();
}

asio::awaitable<Status> People::askConsent() {
    const auto controlPoint = shared_.database.find(profiles::kUserControlPoint);
    if (!controlPoint || shared_.settings.consent.empty()) co_return Status{};
    Status last;
    const auto consent = shared_.settings.consent;
    for (const auto& [slot, code] : consent) {
        const auto done = co_await consentOf(*controlPoint, slot);
        if (exchange_.broken() || (!done && endsConversation(done.error()))) co_return done;
        if (done) {
            const auto drained = co_await controlPoints_.drain(kQuiet);
            if (!drained) co_return drained;
        } else {
            last = failIn(fmt::format("user {}", slot), done);
            shared_.log.warning("consent: {}", last.error().message);
        }
    }
    co_return last;
}

asio::awaitable<Status> People::consentOf(Endpoint controlPoint, std::uint32_t slot) {
    const auto code = shared_.settings.consent.at(slot)();
    if (!code) co_return std::unexpected(code.error());
    const auto known = registered_.find(slot);
    const auto number = known == registered_.end() ? slot : known->second;
    auto request = profiles::consentUser(static_cast<std::uint8_t>(number), *code);
    const auto value = co_await controlPoints_.ask(controlPoint, std::move(request), isUserAnswer);
    if (!value) co_return std::unexpected(value.error());
    const auto answer = profiles::decodeUserAnswer(*value);
    // It may be the late one to another user: then it tells nothing of whose the number is.
    const bool isCertain = !controlPoints_.owesAnswer(controlPoint);
    if (answer && answer->code == profiles::kUserSuccess) {
        if (isCertain) noteConsent(slot);
        co_return Status{};
    }
    // A device that was reset has no such user any more.
    const bool isGone = answer && answer->code == profiles::kUserParameterInvalid;
    const bool isNew =
        answer && answer->code != profiles::kUserNotAuthorised && known == registered_.end();
    if (isCertain && shared_.settings.registerUsers && (isGone || isNew)) {
        co_return co_await registerUser(controlPoint, slot, *code);
    }
    co_return fail(ErrorKind::refused, "the device answers {}",
                   answer ? profiles::userAnswerWord(answer->code) : "nothing that can be read");
}

/// A user that the device does not know becomes one of its users. The number that the device gives
/// is committed before it is used: without it the user would be registered again each time.
asio::awaitable<Status> People::registerUser(Endpoint controlPoint, std::uint32_t slot,
                                             std::uint16_t code) {
    auto request = profiles::registerUser(code);
    const auto value = co_await controlPoints_.ask(controlPoint, std::move(request), isUserAnswer);
    if (!value) co_return std::unexpected(value.error());
    const auto answer = profiles::decodeUserAnswer(*value);
    if (!answer || answer->code != profiles::kUserSuccess || !answer->index) {
        co_return fail(ErrorKind::refused, "the device registers no user: it answers {}",
                       answer ? profiles::userAnswerWord(answer->code) : "nothing to be read");
    }
    if (isTaken(slot, *answer->index))
        co_return fail(ErrorKind::refused, "the device gives it the number of another user");
    const auto number = std::to_string(*answer->index);
    noteRegistered(slot, number);
    shared_.log.info("the user of slot {} is registered", slot);
    Append mark;
    const auto kept = co_await exchange_.commit(mark);
    if (!kept) co_return kept;
    auto consent = profiles::consentUser(*answer->index, code);
    const auto agreed = co_await controlPoints_.ask(controlPoint, std::move(consent), isUserAnswer);
    if (!agreed) co_return std::unexpected(agreed.error());
    const auto last = profiles::decodeUserAnswer(*agreed);
    if (last && last->code == profiles::kUserSuccess) {
        noteConsent(slot);
        co_return Status{};
    }
    co_return fail(ErrorKind::refused, "the device does not take the user it has registered");
}

Bookmarks People::bookmarks() const {
    Bookmarks all;
    for (const auto& [slot, number] : registered_) all[userBookmark(slot)] = std::to_string(number);
    return all;
}

}  // namespace vitalgate::session
