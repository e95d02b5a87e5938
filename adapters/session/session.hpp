#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/profiles/continuous_glucose.hpp"
#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/number_formats.hpp"
#include "adapters/profiles/segments.hpp"
#include "adapters/session/assembler.hpp"
#include "adapters/session/bonding_link.hpp"
#include "adapters/session/database.hpp"
#include "adapters/session/device_clock.hpp"
#include "adapters/session/gaps.hpp"
#include "adapters/session/gatt_link.hpp"
#include "adapters/session/joiner.hpp"
#include "adapters/session/options.hpp"
#include "adapters/session/quirks.hpp"
#include "adapters/session/record_mark.hpp"
#include "adapters/session/series.hpp"
#include "gateway/base/token_bucket.hpp"
#include "gateway/codes/codes.hpp"
#include "gateway/runtime/answer.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "vitalgate/v1/device.pb.h"
#include "vitalgate/v1/event.pb.h"

namespace vitalgate::session {

/// One conversation with one connected device, from the services to the end of the connection:
/// information, features, bond if asked for, clock, subscriptions, the procedures of its profiles
/// (consent, glucose session, stored records), then measurements until the device ends the link.
/// Owned by shared_ptr; co_spawn run() once and keep Clock and Sink alive until it ends. For the
/// next connection make a new one. On the loop's thread.
class Session : public std::enable_shared_from_this<Session> {
  public:
    /// `log` is the device's own part.
    /// `known` is what earlier conversations have found out; this one corrects and completes it.
    Session(std::shared_ptr<GattLink> link, Clock& clock, Sink& sink, DeviceSettings settings,
            SessionOptions options, Log log, v1::DeviceDescriptor known = {});

    /// Ends when the device has ended the link (which is success once measurements were asked
    /// for), after the idle limit (success), with an error that has "device <id>: " in front
    /// (log it: run() does not), or with ErrorKind::cancelled after stop(). In all cases but the
    /// first and the last the link is told to disconnect. What the link has taken from the device
    /// is kept in every case. Readings are committed one by one. A failed commit (intake closed)
    /// ends the conversation, so that the device keeps its further records.
    asio::awaitable<Status> run();

    /// Ends the waits of run(), which still has to be awaited: a commit under way is not given up.
    void stop();

    /// What the device can be asked, once its services are known; empty before.
    [[nodiscard]] std::vector<v1::CommandSpec> commands() const;
    /// Runs one command within the conversation, after those that were given before, and gives its
    /// final result: also when the conversation ends meanwhile (FAILURE_DISCONNECTED), or before it
    /// has begun (FAILURE_UNREACHABLE). Ids, kind and time are the caller's to fill in.
    asio::awaitable<v1::CommandResult> execute(v1::Command command);

    /// Why the conversation ended, where the session knows: flood, authentication, timed out, by
    /// hub. DISCONNECT_UNSPECIFIED: the link ended, and its owner knows why.
    [[nodiscard]] v1::DisconnectReason reason() const { return reason_; }
    /// It came as far as to ask for measurements.
    [[nodiscard]] bool wasReady() const { return wasReady_; }
    /// Values taken: readings and refused ones.
    [[nodiscard]] std::uint32_t values() const { return values_; }
    /// Values that the device holds as delivered and that could not be kept (intake closed).
    [[nodiscard]] std::uint32_t unkept() const { return unkept_; }
    /// When the last reading was committed that was not known before.
    [[nodiscard]] const std::optional<Moment>& lastReading() const { return lastReading_; }
    /// How long the device does not want to be connected to again, by what is known of it.
    [[nodiscard]] Duration reconnectDelay() const { return quirk_->reconnectDelay; }
    /// What the conversation found out; availability, pairing state and keys are not its affair.
    [[nodiscard]] const v1::DeviceDescriptor& descriptor() const { return descriptor_; }

  private:
    /// The steps of a conversation. Each returns an error only if the conversation cannot go on.
    asio::awaitable<Status> recall();
    asio::awaitable<Status> findServices();
    asio::awaitable<Status> bondIfRequired();
    asio::awaitable<Status> readInformation();
    asio::awaitable<Status> readFeatures();
    asio::awaitable<Status> compareClock();
    asio::awaitable<Status> subscribe();
    struct Step {
        const char* name;
        asio::awaitable<Status> (Session::*run)();
    };
    static const std::array<Step, 8> kSteps;
    /// Procedures of profiles, once measurements are asked for. An error is told, and ends nothing
    /// unless the link or the store has.
    static const std::array<Step, 4> kProcedures;
    asio::awaitable<Status> openGlucoseSession();
    asio::awaitable<Status> takeUpWaiting();
    [[nodiscard]] bool canTakeUp() const;
    asio::awaitable<Status> askConsent();
    asio::awaitable<Status> readGlucoseLimits();
    asio::awaitable<Status> fetchRecords();
    [[nodiscard]] bool hasNumberedRecords() const;
    asio::awaitable<Error> fetchOnceMore(Error end);

    asio::awaitable<Status> converse();
    asio::awaitable<Status> prepare();
    asio::awaitable<Status> runProcedures();
    asio::awaitable<Error> collect(Duration patience);
    [[nodiscard]] Duration waitUntil(SteadyTime idleEnd) const;
    asio::awaitable<Status> take(Value value);
    asio::awaitable<Status> keep(Value part);
    asio::awaitable<Status> keepDue(bool all);
    void noteGathered();
    [[nodiscard]] AssemblyContext context() const;
    std::vector<Piece> sort(const std::vector<Piece>& pieces);
    void noteRecords(const Value& value, const std::vector<SeenRecord>& records);
    void noteLive(std::uint16_t service, RecordMark& mark, const SeenRecord& record);
    static std::string recordsBookmark(std::uint16_t service);
    static std::string userBookmark(std::uint32_t slot);
    [[nodiscard]] std::pair<std::string, std::string> waitingBookmarks() const;
    asio::awaitable<Status> recallUsers();
    void noteRegistered(std::uint32_t slot, const std::string& number);
    void assignNumbers();
    void noteConsent(std::uint32_t slot);
    [[nodiscard]] bool isTaken(std::uint32_t slot, std::uint32_t number) const;
    asio::awaitable<Result<std::string>> recallText(std::string name);

    /// Writes a request to a control point and waits for the answer that `isAnswer` knows; what
    /// else arrives meanwhile is kept, and each value begins the limit anew.
    using IsAnswer = bool (*)(ByteView value, std::uint8_t request);
    asio::awaitable<Result<Bytes>> ask(Endpoint controlPoint, Bytes request, IsAnswer isAnswer);
    asio::awaitable<Result<Bytes>> awaitAnswer(Endpoint controlPoint, std::uint8_t request,
                                               IsAnswer isAnswer, Duration limit);
    asio::awaitable<Status> drain(Duration quiet);
    asio::awaitable<Status> fetchFrom(Endpoint controlPoint);
    asio::awaitable<Result<bool>> fetchAbove(Endpoint controlPoint, std::uint16_t from);
    asio::awaitable<Result<bool>> runMarked(Endpoint controlPoint, Bytes request,
                                            RecordMark::Run run);
    asio::awaitable<Status> concludeFetch(std::uint16_t service, std::optional<SeenRecord> before);
    asio::awaitable<Result<bool>> runFetch(Endpoint controlPoint, Bytes request, bool marks);
    asio::awaitable<Result<std::uint32_t>> countRecords(Endpoint controlPoint);
    asio::awaitable<void> abortFetch(Endpoint controlPoint);
    asio::awaitable<Status> consentOf(Endpoint controlPoint, std::uint32_t slot);
    asio::awaitable<Status> registerUser(Endpoint controlPoint, std::uint32_t slot,
                                         std::uint16_t code);
    asio::awaitable<bool> throttle();
    [[nodiscard]] std::map<std::string, std::string> bookmarks() const;
    asio::awaitable<Status> commit(Append what);
    asio::awaitable<void> hangUp();
    asio::awaitable<void> countUnkept();

    asio::awaitable<Status> readAll(profiles::Role role);
    void takeStatic(const Endpoint& endpoint, Bytes value);
    void takeQuirk();
    void takeZone(ByteView localTimeInformation);
    ClockFrame compareWith(const profiles::CurrentTime& shown);
    asio::awaitable<Result<profiles::CurrentTime>> readClock(Endpoint clock);
    asio::awaitable<Status> setClock(Endpoint clock, std::optional<ClockFrame> compared);
    asio::awaitable<Status> writeClock(Endpoint clock);
    asio::awaitable<Status> proposeTime(Endpoint controlPoint);
    asio::awaitable<Result<bool>> verifyClock(Status written);
    void describe();
    [[nodiscard]] v1::Event clockEvent(const std::optional<v1::DeviceClock>& before) const;
    [[nodiscard]] v1::Event unencryptedEvent(const Value& value) const;

    /// Commands, one after the other, between values.
    struct Job {
        v1::Command command;
        Answer<v1::CommandResult> result;
    };
    using Run = asio::awaitable<v1::CommandResult> (Session::*)(v1::Command command);
    struct DeviceCommand;
    static std::span<const DeviceCommand> deviceCommands();
    asio::awaitable<Status> runJobs();
    void refuseJobs();
    [[nodiscard]] bool isOffered(const DeviceCommand& row) const;
    asio::awaitable<v1::CommandResult> readBattery(v1::Command command);
    asio::awaitable<v1::CommandResult> setClockNow(v1::Command command);
    asio::awaitable<v1::CommandResult> fetchAsked(v1::Command command);
    asio::awaitable<v1::CommandResult> resetEnergy(v1::Command command);
    asio::awaitable<v1::CommandResult> calibrate(v1::Command command);
    asio::awaitable<v1::CommandResult> setAlertLimit(v1::Command command);
    asio::awaitable<v1::CommandResult> setInterval(v1::Command command);
    asio::awaitable<v1::CommandResult> startMeasurement(v1::Command command);
    asio::awaitable<v1::CommandResult> stopMeasurement(v1::Command command);
    asio::awaitable<v1::CommandResult> writeGlucose(Bytes request);
    asio::awaitable<Result<Bytes>> askGlucose(Bytes request);
    asio::awaitable<Status> readSessionStart();
    asio::awaitable<Status> startSessionTime(Endpoint start);
    asio::awaitable<Status> recallSession();
    asio::awaitable<Status> renewGlucoseSession();
    void takeSessionStart(const profiles::SessionStart& start);
    [[nodiscard]] bool isOfNewSession(const Value& value, const std::vector<SeenRecord>& records);
    asio::awaitable<Status> compareSessionClock();
    asio::awaitable<Status> readRunTime();
    asio::awaitable<Status> readSetting(std::string name, Bytes request, std::string unit);
    [[nodiscard]] std::int64_t sessionMinutesAt(WallTime time) const;
    [[nodiscard]] bool glucoseHasCrc() const;
    [[nodiscard]] std::optional<std::uint16_t> glucoseStepMinutes() const;
    [[nodiscard]] Append gapsOf(const std::optional<SeenRecord>& before);
    [[nodiscard]] codes::Term observedTerm() const;
    [[nodiscard]] Piece gapPiece(const Gap& gap) const;
    void addSetting(const std::string& name, const profiles::Decimal& number,
                    const std::string& unit);
    [[nodiscard]] Result<Value> joined(Value segment);

    std::shared_ptr<GattLink> link_;
    Clock& clock_;
    Sink& sink_;
    DeviceSettings settings_;
    SubjectMap configuredSubjects_;
    SessionOptions options_;
    Log log_;
    BondingLink calls_;
    Database database_;
    DeviceClock deviceClock_;
    TimeZone zone_;  ///< the device's, else the configured one
    Moment connected_;
    const Quirk* quirk_ = nullptr;  ///< never null outside of the constructor
    TokenBucket bucket_;
    v1::DeviceDescriptor descriptor_;
    v1::DisconnectReason reason_ = v1::DISCONNECT_UNSPECIFIED;
    bool wasReady_ = false;
    std::uint32_t values_ = 0;
    std::uint32_t unkept_ = 0;
    std::uint32_t throttled_ = 0;  ///< values in a row that had to wait
    bool draining_ = false;        ///< what is queued is taken at once: no more can come
    bool unencryptedTold_ = false;
    profiles::Segments segments_;  ///< of the records of a cuff
    Joiner joiner_;
    /// Values of earlier connections that are not decoded yet.
    struct Recalled {
        std::string waiting;
        std::string incomplete;
        std::string series;
    };
    std::optional<Recalled> recalled_;
    Series series_{options_.seriesInterval};
    std::string gathered_;  ///< values of the series, as last remembered
    std::optional<SteadyTime> gatheredFrom_;
    SteadyTime gatheredNoted_{};                 ///< when that was
    std::map<std::uint16_t, RecordMark> marks_;  ///< by service
    /// Records that are on their way.
    struct Fetch {
        std::uint16_t service = 0;
        bool marks = false;  ///< they move the mark
        std::uint32_t records = 0;
        std::uint64_t dropped = 0;  ///< by the link, before it began
    };
    std::optional<Fetch> fetching_;
    std::set<std::string> unanswered_;  ///< handles of control points that owe an answer
    bool missed_ = false;               ///< a live record left out others: they are to be fetched
    std::uint32_t fetched_ = 0;         ///< records of the last run
    std::optional<LocalDateTime> sessionStart_;  ///< of a glucose sensor
    bool isStartRecalled_ = false;               ///< it did not tell it in this connection
    DeviceClock sessionClock_;                   ///< of its minutes
    TimeZone sessionZone_;                       ///< with the offset of its start, for ever
    std::optional<std::uint16_t> lastMinute_;    ///< of its session, that came by itself
    std::optional<std::uint16_t> recordStep_;    ///< minutes between its records, as they came
    std::map<std::uint32_t, std::uint32_t> registered_;  ///< slot to the device's own number
    std::set<std::uint32_t> consented_;  ///< slots whose code the device has taken now
    std::deque<Job> jobs_;
    std::optional<Error> clockNotSet_;               ///< why the last attempt was in vain
    bool isOver_ = false;                            ///< takes no more commands
    bool commitFailed_ = false;                      ///< something that was taken is not kept
    std::optional<Error> broken_;                    ///< why nothing more can be kept
    std::map<std::string, std::string> remembered_;  ///< bookmarks, as last committed
    std::optional<Moment> lastReading_;
    std::optional<SteadyTime> lastMarked_;  ///< when it was last remembered
    Answer<std::monostate> pause_;
};

}  // namespace vitalgate::session
