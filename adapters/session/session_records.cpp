#include "adapters/profiles/record_access.hpp"
#include "adapters/session/session.hpp"

// The part of a conversation that asks control points, and fetches stored records through one of
// them (Record Access Control Point, 0x2A52).
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

}  // namespace

std::string Session::recordsBookmark(std::uint16_t service) {
    const auto* profile = profiles::findService(Uuid(service));
    return fmt::format("records-{}", profile == nullptr ? "" : profile->kind);
}

asio::awaitable<Result<Bytes>> Session::ask(Endpoint controlPoint, Bytes request,
                                            IsAnswer isAnswer) {
    const auto subscribed = co_await calls_.subscribe(controlPoint.characteristic);
    if (!subscribed) co_return std::unexpected(subscribed.error());
    // An answer that came too late is none to this request.
    const auto drained = co_await drain(Duration::zero());
    if (!drained) co_return std::unexpected(drained.error());
    const auto operation = request.front();
    const auto written = co_await calls_.write(controlPoint.characteristic, std::move(request));
    if (!written) co_return std::unexpected(written.error());
    co_return co_await awaitAnswer(std::move(controlPoint), operation, isAnswer);
}

asio::awaitable<Result<Bytes>> Session::awaitAnswer(Endpoint controlPoint, std::uint8_t request,
                                                    IsAnswer isAnswer) {
    // A device that sends other values for ever does not answer either.
    const auto limit = options_.limits.procedure;
    const auto& uuid = controlPoint.characteristic.uuid;
    auto end = clock_.steady() + limit;
    for (;;) {
        const auto left = std::max(end - clock_.steady(), Duration::zero());
        auto value = co_await link_->nextValue(left);
        // A command that is given meanwhile interrupts the wait, and has to wait itself.
        const bool isInterrupted =
            !value && value.error().kind == ErrorKind::timedOut && clock_.steady() < end;
        if (isInterrupted) continue;
        if (!value) co_return std::unexpected(value.error());
        if (value->characteristic == uuid) {
            if (isAnswer(value->bytes, request)) co_return value->bytes;
            log_.info("{}: an answer to something else", controlPoint.spec->name);
            continue;
        }
        const auto origin = database_.origin(*value);
        const bool isOfService = origin && origin->profile == controlPoint.profile;
        if (isOfService) end = clock_.steady() + limit;
        const auto kept = co_await take(std::move(*value));
        if (!kept) co_return std::unexpected(kept.error());
    }
}

/// Takes values until none has come for so long; not for ever, for some devices never pause.
asio::awaitable<Status> Session::drain(Duration quiet) {
    const auto last = clock_.steady() + options_.limits.procedure;
    auto end = clock_.steady() + quiet;
    for (;;) {
        const auto left = std::max(std::min(end, last) - clock_.steady(), Duration::zero());
        auto value = co_await link_->nextValue(left);
        if (!value && value.error().kind != ErrorKind::timedOut)
            co_return std::unexpected(value.error());
        if (value) {
            end = clock_.steady() + quiet;
            const auto kept = co_await take(std::move(*value));
            if (!kept) co_return kept;
        } else if (clock_.steady() >= std::min(end, last)) {
            co_return Status{};
        }
    }
}

asio::awaitable<Status> Session::fetchRecords() {
    if (settings_.records == RecordUse::none) co_return Status{};
    Status last;
    const auto controlPoints = database_.endpoints(profiles::Role::control);
    for (const auto& each : controlPoints) {
        const bool isUsable = each.spec->uuid == profiles::kRecordAccess &&
                              each.characteristic.canWrite && each.characteristic.canIndicate;
        if (!isUsable) continue;
        const auto done = co_await fetchFrom(each);
        if (broken_ || (!done && endsConversation(done.error()))) co_return done;
        if (!done) last = done;
    }
    co_return last;
}

/// From the last known record on; all where the device counts anew, or cannot choose.
asio::awaitable<Status> Session::fetchFrom(Endpoint controlPoint) {
    const auto service = controlPoint.profile->service;
    const bool isNumbered = std::ranges::find(kNumbered, service) != kNumbered.end();
    if (isNumbered && !marks_.contains(service)) {
        auto name = recordsBookmark(service);
        const auto text = co_await recallText(std::move(name));
        marks_[service] = RecordMark::fromBookmark(text);
    }
    const auto before = marks_[service].known();
    const auto step =
        service == kContinuousGlucose ? glucoseStepMinutes().value_or(1) : std::uint16_t{1};
    const bool all = settings_.records == RecordUse::all || !isNumbered;
    const auto from = all ? std::nullopt : marks_[service].from();
    if (from) {
        marks_[service].begin(false, step);
        auto request = profiles::recordsFrom(RecordOperation::report, *from);
        const auto whole = co_await runFetch(controlPoint, std::move(request), true);
        if (!whole) co_return std::unexpected(whole.error());
        if (*whole && marks_[service].finish()) co_return co_await concludeFetch(service, before);
        log_.info("the device cannot give records from a number on, or counts anew: all are read");
    }
    if (isNumbered) marks_[service].begin(true, step);
    auto request = profiles::allRecords(RecordOperation::report);
    const auto whole = co_await runFetch(controlPoint, std::move(request), isNumbered);
    if (!whole) co_return std::unexpected(whole.error());
    if (!*whole) co_return fail(ErrorKind::unsupported, "the device does not give its records");
    if (!isNumbered) co_return co_await concludeFetch(service, std::nullopt);
    static_cast<void>(marks_[service].finish());  // a run of all is always whole
    co_return co_await concludeFetch(service, before);
}

/// The mark, and what the device has no record of.
asio::awaitable<Status> Session::concludeFetch(std::uint16_t service,
                                               std::optional<RecordMark::Mark> before) {
    Append append;
    if (service == kContinuousGlucose) append = gapsOf(before);
    const auto kept = co_await commit(append);
    if (!kept) broken_ = kept.error();
    co_return kept;
}

/// False if the device cannot do what was requested. `marks`: the run moves the device's mark.
asio::awaitable<Result<bool>> Session::runFetch(Endpoint controlPoint, Bytes request, bool marks) {
    const auto service = controlPoint.profile->service;
    fetching_ = Fetch{service, marks, 0};
    const auto dropped = link_->droppedValues();
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

/// So that the device is ready for the next procedure.
asio::awaitable<void> Session::abortFetch(Endpoint controlPoint) {
    auto request = profiles::abortRecords();
    const auto written = co_await calls_.write(controlPoint.characteristic, std::move(request));
    if (!written) log_.info("abort: {}", written.error().message);
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
    for (const auto& record : records) mark.take(record.number, record.time);
}

/// A sensor says each few minutes what it measures; what it could not say is in its memory.
void Session::noteLive(std::uint16_t service, RecordMark& mark, const SeenRecord& record) {
    const bool isSensor = service == kContinuousGlucose;
    const bool isOtherSession = isSensor && mark.known() && mark.known()->time != record.time;
    const bool isNext = !isOtherSession && mark.takeLive(record.number, record.time);
    if (isSensor && !isNext) missed_ = true;
}

}  // namespace vitalgate::session
