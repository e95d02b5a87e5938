#include "adapters/profiles/record_access.hpp"
#include "adapters/profiles/user_data.hpp"
#include "adapters/session/session.hpp"

// The part of a conversation that asks control points, and fetches stored records through one of
// them (Record Access Control Point, 0x2A52).
namespace vitalgate::session {

namespace {

using profiles::RecordOperation;

constexpr std::uint16_t kGlucose = 0x1808;
constexpr std::uint16_t kContinuousGlucose = 0x181F;
constexpr std::uint16_t kBloodPressure = 0x1810;
/// The stream of an oximeter.
const Uuid kStream{0x2A5F};
/// However much a device has to say.
constexpr Duration kLongestProcedure = std::chrono::minutes{30};

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

}  // namespace

std::string Session::recordsBookmark(std::uint16_t service) {
    const auto* profile = profiles::findService(Uuid(service));
    return fmt::format("records-{}", profile == nullptr ? "" : profile->kind);
}

asio::awaitable<Result<Bytes>> Session::ask(Endpoint controlPoint, Bytes request,
                                            IsAnswer isAnswer) {
    const auto& handle = controlPoint.characteristic.handle;
    // An answer that comes too late would be taken for that to the next request. Users are asked
    // all the same: one of whom the device says nothing does not keep the others from their
    // readings.
    const bool isUsers = controlPoint.spec->uuid == profiles::kUserControlPoint;
    if (unanswered_.contains(handle) && !isUsers)
        co_return fail(ErrorKind::unavailable, "it has left a request unanswered");
    const auto subscribed = co_await calls_.subscribe(controlPoint.characteristic);
    if (!subscribed) co_return std::unexpected(subscribed.error());
    const auto drained = co_await drain(Duration::zero());
    if (!drained) co_return std::unexpected(drained.error());
    const auto operation = request.front();
    const auto written = co_await calls_.write(controlPoint.characteristic, std::move(request));
    if (!written) co_return std::unexpected(written.error());
    const auto limit = options_.limits.procedure;
    auto answer = co_await awaitAnswer(controlPoint, operation, isAnswer, limit);
    if (!answer && answer.error().kind == ErrorKind::timedOut) unanswered_.insert(handle);
    co_return answer;
}

/// Each value of the service begins the limit anew, but for a stream, which never pauses.
asio::awaitable<Result<Bytes>> Session::awaitAnswer(Endpoint controlPoint, std::uint8_t request,
                                                    IsAnswer isAnswer, Duration limit) {
    const auto last = clock_.steady() + kLongestProcedure;
    auto end = clock_.steady() + limit;
    for (;;) {
        const auto until = std::min(waitUntil(end), std::max(last - clock_.steady(), Duration{0}));
        auto value = co_await link_->nextValue(until);
        const bool isOver = clock_.steady() >= std::min(end, last);
        const bool isTimedOut = !value && value.error().kind == ErrorKind::timedOut;
        // Something that was gathered is due, or a command was given, which has to wait.
        if (isTimedOut && !isOver) {
            const auto kept = co_await keepDue(false);
            if (!kept) co_return std::unexpected(kept.error());
            continue;
        }
        if (!value) co_return std::unexpected(value.error());
        if (value->handle == controlPoint.characteristic.handle) {
            if (isAnswer(value->bytes, request)) co_return value->bytes;
            log_.info("{}: an answer to something else", controlPoint.spec->name);
            continue;
        }
        const auto origin = database_.origin(*value);
        const bool isOfService = origin && origin->profile == controlPoint.profile;
        if (isOfService && value->characteristic != kStream) end = clock_.steady() + limit;
        const auto kept = co_await take(std::move(*value));
        if (!kept) co_return std::unexpected(kept.error());
        if (clock_.steady() >= last) co_return fail(ErrorKind::timedOut, "no end of the procedure");
    }
}

/// Takes values until none has come for so long; not for ever, for some devices never pause.
asio::awaitable<Status> Session::drain(Duration quiet) {
    const auto last = clock_.steady() + options_.limits.procedure;
    auto end = clock_.steady() + quiet;
    for (;;) {
        const auto left = waitUntil(std::min(end, last));
        auto value = co_await link_->nextValue(left);
        if (!value && value.error().kind != ErrorKind::timedOut)
            co_return std::unexpected(value.error());
        if (value) {
            end = clock_.steady() + quiet;
            const auto kept = co_await take(std::move(*value));
            if (!kept) co_return kept;
        } else {
            const auto kept = co_await keepDue(false);
            if (!kept) co_return kept;
        }
        if (clock_.steady() >= std::min(end, last)) co_return Status{};
    }
}

asio::awaitable<Status> Session::fetchRecords() {
    if (settings_.records == RecordUse::none) co_return Status{};
    Status last;
    const auto controlPoints = database_.endpoints(profiles::Role::control);
    for (const auto& each : controlPoints) {
        const bool isUsable = each.spec->uuid == profiles::kRecordAccess &&
                              each.characteristic.canWrite && each.characteristic.canIndicate;
        // Without the start of its session nobody can tell a sensor's records from each other.
        const bool isUnplaced = each.profile->service == kContinuousGlucose && !sessionStart_;
        if (!isUsable || isUnplaced) continue;
        const auto done = co_await fetchFrom(each);
        if (broken_ || (!done && endsConversation(done.error()))) co_return done;
        if (!done) last = done;
    }
    co_return last;
}

/// Known by marks, so that what is new among them can be asked for.
bool Session::hasNumberedRecords() const {
    return std::ranges::any_of(marks_,
                               [](const auto& each) { return each.second.from().has_value(); });
}

/// From the last known record on; all where the device counts anew, or cannot choose.
asio::awaitable<Status> Session::fetchFrom(Endpoint controlPoint) {
    const auto service = controlPoint.profile->service;
    const bool isNumbered = std::ranges::find(kNumbered, service) != kNumbered.end();
    if (!isNumbered) {
        auto request = profiles::allRecords(RecordOperation::report);
        const auto whole = co_await runFetch(controlPoint, std::move(request), false);
        if (!whole) co_return std::unexpected(whole.error());
        if (!*whole) co_return fail(ErrorKind::unsupported, "the device gives no records");
        co_return Status{};
    }
    if (!marks_.contains(service)) {
        auto name = recordsBookmark(service);
        const auto text = co_await recallText(std::move(name));
        if (!text) co_return std::unexpected(text.error());
        marks_[service] = RecordMark::fromBookmark(*text);
    }
    const auto before = marks_[service].known();
    const auto from = settings_.records == RecordUse::all ? std::nullopt : marks_[service].from();
    if (from) {
        const auto known = co_await fetchAbove(controlPoint, *from);
        if (!known) co_return std::unexpected(known.error());
        if (*known) co_return co_await concludeFetch(service, before);
        log_.info("the device cannot give records from a number on, or counts anew: all are read");
    }
    auto request = profiles::allRecords(RecordOperation::report);
    const auto whole = co_await runMarked(controlPoint, std::move(request), RecordMark::Run::all);
    if (!whole) co_return std::unexpected(whole.error());
    if (!*whole) co_return fail(ErrorKind::unsupported, "the device gives no records");
    co_return co_await concludeFetch(service, before);
}

/// What is new, then what was left out below when a run was cut off. False if all must be read.
asio::awaitable<Result<bool>> Session::fetchAbove(Endpoint controlPoint, std::uint16_t from) {
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
asio::awaitable<Result<bool>> Session::runMarked(Endpoint controlPoint, Bytes request,
                                                 RecordMark::Run run) {
    const auto service = controlPoint.profile->service;
    const auto step =
        service == kContinuousGlucose ? glucoseStepMinutes().value_or(1) : std::uint16_t{1};
    // What has come by itself is no part of the run.
    const auto drained = co_await drain(Duration::zero());
    if (!drained) co_return std::unexpected(drained.error());
    marks_[service].begin(run, step);
    const auto whole = co_await runFetch(controlPoint, std::move(request), true);
    if (!whole || !*whole) co_return whole;
    co_return marks_[service].finish();
}

/// The mark, and what the device has no record of.
asio::awaitable<Status> Session::concludeFetch(std::uint16_t service,
                                               std::optional<SeenRecord> before) {
    Append append;
    if (service == kContinuousGlucose) append = gapsOf(before);
    co_return co_await commit(append);
}

/// False if the device cannot do what was requested. `marks`: the run moves the device's mark.
asio::awaitable<Result<bool>> Session::runFetch(Endpoint controlPoint, Bytes request, bool marks) {
    const auto service = controlPoint.profile->service;
    const auto dropped = link_->droppedValues();
    fetching_ = Fetch{service, marks, 0, dropped};
    const auto value = co_await ask(controlPoint, std::move(request), isRecordAnswer);
    fetched_ = fetching_->records;
    fetching_.reset();
    if (!value) {
        const bool goesOn = !broken_ && value.error().kind == ErrorKind::timedOut;
        if (goesOn) co_await abortFetch(controlPoint);
        co_return std::unexpected(value.error());
    }
    const auto answer = profiles::decodeRecordAnswer(*value);
    const auto code = answer ? answer->code : std::uint8_t{0};
    if (isUnsupported(code)) co_return false;
    // The mark stays before the first of them.
    if (link_->droppedValues() != dropped)
        co_return fail(ErrorKind::full, "some records were lost");
    if (code == profiles::kRecordSuccess || code == profiles::kNoRecords) co_return true;
    co_return fail(ErrorKind::refused, "the device answers {}", profiles::recordAnswerWord(code));
}

asio::awaitable<Result<std::uint32_t>> Session::countRecords(Endpoint controlPoint) {
    auto request = profiles::allRecords(RecordOperation::count);
    const auto value = co_await ask(controlPoint, std::move(request), isRecordAnswer);
    if (!value) co_return std::unexpected(value.error());
    const auto answer = profiles::decodeRecordAnswer(*value);
    if (answer && answer->count) co_return *answer->count;
    const auto code = answer ? answer->code : std::uint8_t{0};
    if (code == profiles::kNoRecords) co_return 0U;
    co_return fail(ErrorKind::refused, "the device answers {}", profiles::recordAnswerWord(code));
}

/// So that the device is ready for the next procedure. One that does not confirm it is asked no
/// more.
asio::awaitable<void> Session::abortFetch(Endpoint controlPoint) {
    auto request = profiles::abortRecords();
    const auto operation = request.front();
    const auto written = co_await calls_.write(controlPoint.characteristic, std::move(request));
    if (!written) {
        log_.info("abort: {}", written.error().message);
        co_return;
    }
    const auto limit = options_.limits.write;
    const auto answer = co_await awaitAnswer(controlPoint, operation, isRecordAnswer, limit);
    if (answer) unanswered_.erase(controlPoint.characteristic.handle);
}

/// A record is known from the commit on in which it is kept. One that came by itself and left
/// others out makes the conversation fetch these.
void Session::noteRecords(const Value& value, const std::vector<SeenRecord>& records) {
    const auto origin = database_.origin(value);
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
    if (link_->droppedValues() != fetching_->dropped) mark.freeze();
    for (const auto& record : records) mark.take(record);
}

/// A sensor says each few minutes what it measures; what it could not say is in its memory.
void Session::noteLive(std::uint16_t service, RecordMark& mark, const SeenRecord& record) {
    const bool isSensor = service == kContinuousGlucose;
    const bool isOtherSession = isSensor && mark.known() && mark.known()->time != record.time;
    const bool isNext = !isOtherSession && mark.takeLive(record);
    if (isSensor && !isNext) missed_ = true;
}

}  // namespace vitalgate::session
