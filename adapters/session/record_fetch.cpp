#include "adapters/session/record_fetch.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/record_access.hpp"
#include "gateway/base/failpoint.hpp"

namespace vitalgate::session {

namespace {

using profiles::RecordOperation;

constexpr std::uint16_t kGlucose = 0x1808;
constexpr std::uint16_t kContinuousGlucose = 0x181F;
constexpr std::uint16_t kBloodPressure = 0x1810;

/// Services whose records have numbers to ask by.
constexpr std::array kNumbered{kGlucose, kContinuousGlucose, kBloodPressure};

bool isRecordAnswer(ByteView value, std::uint8_t request) {
    const auto answer = profiles::decodeRecordAnswer(value);
    return answer && answer->operation == request;
}

/// A meter that counts anew may call a number that it does not have invalid.
constexpr std::array kCannot{profiles::kRecordOperationUnsupported,
                             profiles::kRecordOperatorInvalid, profiles::kRecordOperatorUnsupported,
                             profiles::kRecordOperandInvalid, profiles::kRecordOperandUnsupported};

bool isUnsupported(std::uint8_t code) {
    return std::ranges::find(kCannot, code) != kCannot.end();
}

std::string recordsBookmark(std::uint16_t service) {
    const auto* profile = profiles::findService(Uuid(service));
    return fmt::format("records-{}", profile == nullptr ? "" : profile->kind);
}

}  // namespace

asio::awaitable<Status> RecordFetch::fetch() {
    if (shared_.settings.records == RecordUse::none) co_return Status{};
    Status last;
    const auto controlPoints = shared_.database.endpoints(profiles::Role::control);
    for (const auto& each : controlPoints) {
        const bool isUsable = each.spec->uuid == profiles::kRecordAccess &&
                              each.characteristic.canWrite && each.characteristic.canIndicate;
        // Without the start of its session nobody can tell a sensor's records from each other.
        const bool isUnplaced = each.profile->service == kContinuousGlucose && !glucose_.start();
        if (!isUsable || isUnplaced) continue;
        const auto done = co_await fetchFrom(each);
        if (exchange_.broken() || (!done && endsConversation(done.error()))) co_return done;
        if (!done) last = done;
    }
    co_return last;
}

bool RecordFetch::hasNumberedRecords() const {
    return std::ranges::any_of(marks_,
                               [](const auto& each) { return each.second.from().has_value(); });
}

asio::awaitable<Status> RecordFetch::fetchFrom(Endpoint controlPoint) {
    const auto service = controlPoint.profile->service;
    const bool isNumbered = std::ranges::find(kNumbered, service) != kNumbered.end();
    if (isNumbered) co_return co_await fetchNumbered(controlPoint);
    auto request = profiles::allRecords(RecordOperation::report);
    const auto whole = co_await fetchOnce(controlPoint, std::move(request));
    if (!whole) co_return std::unexpected(whole.error());
    if (!*whole) co_return fail(ErrorKind::unsupported, "the device gives no records");
    co_return Status{};
}

/// From the last known record on; all where the device counts anew, or cannot choose.
asio::awaitable<Status> RecordFetch::fetchNumbered(Endpoint controlPoint) {
    const auto service = controlPoint.profile->service;
    if (!marks_.contains(service)) {
        auto name = recordsBookmark(service);
        const auto text = co_await exchange_.recallText(std::move(name));
        if (!text) co_return std::unexpected(text.error());
        marks_[service] = RecordMark::fromBookmark(*text);
    }
    const auto before = marks_[service].known();
    const bool isAll = shared_.settings.records == RecordUse::all;
    const auto from = isAll ? std::nullopt : marks_[service].from();
    if (from) {
        const auto known = co_await fetchAbove(controlPoint, *from);
        if (!known) co_return std::unexpected(known.error());
        if (*known) co_return co_await conclude(service, before);
        shared_.log.info(
            "the device cannot give records from a number on, or counts anew: all are read");
    }
    auto request = profiles::allRecords(RecordOperation::report);
    const auto whole = co_await runMarked(controlPoint, std::move(request), RecordMark::Run::all);
    if (!whole) co_return std::unexpected(whole.error());
    if (!*whole) co_return fail(ErrorKind::unsupported, "the device gives no records");
    co_return co_await conclude(service, before);
}

/// What is new, then what was left out below when a run was cut off. False if all must be read.
asio::awaitable<Result<bool>> RecordFetch::fetchAbove(Endpoint controlPoint, std::uint16_t from) {
    const auto service = controlPoint.profile->service;
    auto request = profiles::recordsFrom(RecordOperation::report, from);
    const auto above = co_await runMarked(controlPoint, std::move(request), RecordMark::Run::above);
    if (!above || !*above) co_return above;
    const auto upTo = marks_[service].upTo();
    if (!upTo) co_return true;
    auto rest = profiles::recordsUpTo(RecordOperation::report, *upTo);
    co_return co_await runMarked(controlPoint, std::move(rest), RecordMark::Run::below);
}

/// A run that moves the mark. False if it does not hold what it was to hold.
asio::awaitable<Result<bool>> RecordFetch::runMarked(Endpoint controlPoint, Bytes request,
                                                     RecordMark::Run run) {
    const auto service = controlPoint.profile->service;
    const auto step =
        service == kContinuousGlucose ? glucose_.stepMinutes().value_or(1) : std::uint16_t{1};
    // What has come by itself is no part of the run.
    const auto drained = co_await controlPoints_.drain(Duration::zero());
    if (!drained) co_return std::unexpected(drained.error());
    marks_[service].begin(run, step);
    const auto whole = co_await runProcedure(controlPoint, std::move(request), true);
    if (!whole || !*whole) co_return whole;
    co_return marks_[service].finish();
}

/// The mark, and what the device has no record of.
asio::awaitable<Status> RecordFetch::conclude(std::uint16_t service,
                                              std::optional<SeenRecord> before) {
    Append append;
    if (service == kContinuousGlucose) {
        const auto gaps = glucose_.gaps(marks_[service].run(), before);
        append = appendOf(exchange_.context(), gaps);
    }
    failpoint("session.move-mark");
    co_return co_await exchange_.commit(append);
}

asio::awaitable<Result<bool>> RecordFetch::fetchOnce(Endpoint controlPoint, Bytes request) {
    co_return co_await runProcedure(controlPoint, std::move(request), false);
}

/// False if the device cannot do what was requested. `marks`: the run moves the device's mark.
asio::awaitable<Result<bool>> RecordFetch::runProcedure(Endpoint controlPoint, Bytes request,
                                                        bool marks) {
    const auto service = controlPoint.profile->service;
    const auto dropped = shared_.link.droppedValues();
    fetching_ = Fetch{service, marks, 0, dropped};
    failpoint("session.ask-records");
    const auto value =
        co_await controlPoints_.ask(controlPoint, std::move(request), isRecordAnswer);
    fetched_ = fetching_->records;
    fetching_.reset();
    if (!value) {
        const bool goesOn = !exchange_.broken() && value.error().kind == ErrorKind::timedOut;
        if (goesOn) {
            auto last = profiles::abortRecords();
            co_await controlPoints_.abort(controlPoint, std::move(last), isRecordAnswer);
        }
        co_return std::unexpected(value.error());
    }
    const auto answer = profiles::decodeRecordAnswer(*value);
    const auto code = answer ? answer->code : std::uint8_t{0};
    if (isUnsupported(code)) co_return false;
    // The mark stays before the first of them.
    if (shared_.link.droppedValues() != dropped)
        co_return fail(ErrorKind::full, "some records were lost");
    if (code == profiles::kRecordSuccess || code == profiles::kNoRecords) co_return true;
    co_return fail(ErrorKind::refused, "the device answers {}", profiles::recordAnswerWord(code));
}

asio::awaitable<Result<std::uint32_t>> RecordFetch::count(Endpoint controlPoint) {
    auto request = profiles::allRecords(RecordOperation::count);
    const auto value =
        co_await controlPoints_.ask(controlPoint, std::move(request), isRecordAnswer);
    if (!value) co_return std::unexpected(value.error());
    const auto answer = profiles::decodeRecordAnswer(*value);
    if (answer && answer->count) co_return *answer->count;
    const auto code = answer ? answer->code : std::uint8_t{0};
    if (code == profiles::kNoRecords) co_return 0U;
    co_return fail(ErrorKind::refused, "the device answers {}", profiles::recordAnswerWord(code));
}

void RecordFetch::note(const Value& value, const std::vector<SeenRecord>& records) {
    const auto origin = shared_.database.origin(value);
    if (!origin) return;
    const auto service = origin->profile->service;
    if (!fetching_ || service != fetching_->service) {
        const auto mark = marks_.find(service);
        if (mark == marks_.end()) return;
        for (const auto& record : records) noteLive(service, mark->second, record);
        return;
    }
    fetching_->records += static_cast<std::uint32_t>(records.size());
    if (!fetching_->marks) return;
    auto& mark = marks_[fetching_->service];
    if (shared_.link.droppedValues() != fetching_->dropped) mark.freeze();
    for (const auto& record : records) mark.take(record);
}

/// A sensor says each few minutes what it measures; what it could not say is in its memory.
void RecordFetch::noteLive(std::uint16_t service, RecordMark& mark, const SeenRecord& record) {
    const bool isSensor = service == kContinuousGlucose;
    const bool isOtherSession = isSensor && mark.known() && mark.known()->time != record.time;
    const bool isNext = !isOtherSession && mark.takeLive(record);
    if (isSensor && !isNext) missed_ = true;
}

bool RecordFetch::takeMissed() {
    return std::exchange(missed_, false);
}

Bookmarks RecordFetch::bookmarks() const {
    Bookmarks all;
    for (const auto& [service, mark] : marks_) all[recordsBookmark(service)] = mark.bookmark();
    return all;
}

}  // namespace vitalgate::session
