#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/session/bonding_link.hpp"
#include "adapters/session/clock_synchronisation.hpp"
#include "adapters/session/control_points.hpp"
#include "adapters/session/database.hpp"
#include "adapters/session/device_commands.hpp"
#include "adapters/session/device_information.hpp"
#include "adapters/session/exchange.hpp"
#include "adapters/session/flood_guard.hpp"
#include "adapters/session/gathering.hpp"
#include "adapters/session/gatt_link.hpp"
#include "adapters/session/glucose_session.hpp"
#include "adapters/session/options.hpp"
#include "adapters/session/people.hpp"
#include "adapters/session/record_fetch.hpp"
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
class Session : public std::enable_shared_from_this<Session>, private Exchange {
  public:
    /// `log` is the device's own part.
    /// `known` is what earlier conversations have found out; this one corrects and completes it.
    Session(std::shared_ptr<GattLink> link, Clock& clock, Sink& sink, DeviceSettings settings,
            SessionOptions options, Log log, v1::DeviceDescriptor known = {});

    /// Ends when the device has ended the link (which is success once measurements were asked
    /// for), after the idle limit (success), with an error that has "device <id>: " in front
    /// (log it: run() does not), or with ErrorKind::cancelled after stop(). In all cases but the
    /// first and the last the link is told to disconnect. What the link has taken from the device
    /// is kept in every case. Readings are committed one by one, but together what is still queued
    /// at a stop or when the hub hangs up. A failed commit (intake closed) ends the conversation,
    /// so that the device keeps its further records.
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
    /// Values that are neither kept nor counted as such yet.
    [[nodiscard]] UnsettledValues unsettled() const;
    /// When the last reading was committed that was not known before.
    [[nodiscard]] const std::optional<Moment>& lastReading() const { return lastReading_; }
    /// How long the device does not want to be connected to again, by what is known of it.
    [[nodiscard]] Duration reconnectDelay() const { return information_.quirk().reconnectDelay; }
    /// What the conversation found out; availability, pairing state and keys are not its affair.
    [[nodiscard]] const v1::DeviceDescriptor& descriptor() const { return descriptor_; }

  private:
    /// The steps of a conversation. Each returns an error only if the conversation cannot go on.
    asio::awaitable<Status> recall();
    asio::awaitable<Status> findServices();
    asio::awaitable<Status> bondIfRequired();
    asio::awaitable<Status> readInformation();
    asio::awaitable<Status> readFeatures();
    asio::awaitable<Status> subscribe();
    struct Step {
        const char* name;
        asio::awaitable<Status> (*run)(Session& session);
    };
    static const std::array<Step, 8> kSteps;
    /// Procedures of profiles, once measurements are asked for. An error is told, and ends nothing
    /// unless the link or the store has.
    static const std::array<Step, 4> kProcedures;
    asio::awaitable<Error> fetchOnceMore(Error end);

    /// What the parts ask of the conversation.
    asio::awaitable<Status> take(Value value) override;
    asio::awaitable<Status> keepDue(bool all) override;
    [[nodiscard]] Duration waitUntil(SteadyTime end) const override;
    asio::awaitable<Status> commit(Append more) override;
    [[nodiscard]] const std::optional<Error>& broken() const override { return broken_; }
    asio::awaitable<Result<std::string>> recallText(std::string name) override;
    [[nodiscard]] AssemblyContext context() const override;
    void describe() override;

    asio::awaitable<Status> converse();
    asio::awaitable<void> giveUp();
    asio::awaitable<Status> prepare();
    asio::awaitable<Status> runProcedures();
    asio::awaitable<Error> collect(Duration patience);
    asio::awaitable<Status> keep(Value part);
    asio::awaitable<Status> keepWhole(Value value);
    void beginDraining();
    [[nodiscard]] Bookmarks bookmarks() const;
    asio::awaitable<void> hangUp();
    asio::awaitable<void> countUnkept();

    [[nodiscard]] v1::Event unencryptedEvent(const Value& value) const;

    std::shared_ptr<GattLink> link_;
    Clock& clock_;
    Sink& sink_;
    const DeviceSettings settings_;
    const SessionOptions options_;
    Log log_;
    BondingLink calls_;
    Database database_;
    Moment connected_;
    v1::DeviceDescriptor descriptor_;
    v1::DisconnectReason reason_ = v1::DISCONNECT_UNSPECIFIED;
    bool wasReady_ = false;
    std::uint32_t values_ = 0;
    std::uint32_t pending_ = 0;  ///< values taken that are neither kept nor lost
    std::uint32_t given_ = 0;    ///< of these, with the commit under way
    std::uint32_t unkept_ = 0;
    bool draining_ = false;  ///< what is queued is taken at once: no more can come
    Append drained_;         ///< what was taken since, for one commit
    bool unencryptedTold_ = false;
    bool commitFailed_ = false;        ///< something that was taken is not kept
    std::optional<Error> broken_;      ///< why nothing more can be kept
    Bookmarks remembered_;             ///< as last committed
    std::set<std::string> uncertain_;  ///< names of those whose commit has failed since
    std::optional<Moment> lastReading_;
    std::optional<SteadyTime> lastMarked_;  ///< when it was last remembered

    SessionContext shared_{*link_,    calls_,   database_, clock_,
                           settings_, options_, log_,      descriptor_};
    FloodGuard flood_{shared_};
    ControlPoints controlPoints_{shared_, *this};
    People people_{shared_, *this, controlPoints_};
    GlucoseSession glucose_{shared_, *this, controlPoints_};
    RecordFetch records_{shared_, *this, controlPoints_, glucose_};
    Gathering gathering_{shared_, *this};
    ClockSynchronisation clocks_{shared_, *this, controlPoints_};
    DeviceInformation information_{shared_, database_, clocks_};
    DeviceCommands commands_{shared_, *this, {clocks_, information_, records_, glucose_}};
};

}  // namespace vitalgate::session
