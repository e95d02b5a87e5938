#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/adapter.hpp"
#include "adapters/profiles/date_time.hpp"
#include "adapters/session/bonding_link.hpp"
#include "adapters/session/database.hpp"
#include "adapters/session/device_clock.hpp"
#include "adapters/session/gatt_link.hpp"
#include "adapters/session/options.hpp"
#include "adapters/session/quirks.hpp"
#include "gateway/base/token_bucket.hpp"
#include "gateway/runtime/answer.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "vitalgate/v1/device.pb.h"
#include "vitalgate/v1/event.pb.h"

namespace vitalgate::session {

/// One conversation with one connected device, from the services to the end of the connection:
/// information, features, bond if asked for, clock, then measurements until the device ends the
/// link. Owned by shared_ptr; co_spawn run() once and keep Clock and Sink alive until it ends.
/// For the next connection make a new one. On the loop's thread.
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
    asio::awaitable<Status> recallClock();
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
    static const std::array<Step, 7> kSteps;

    asio::awaitable<Status> converse();
    asio::awaitable<Status> prepare();
    asio::awaitable<Error> collect(Duration patience);
    asio::awaitable<Status> keep(Value value);
    asio::awaitable<bool> throttle();
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
    asio::awaitable<Result<bool>> verifyClock(Status written);
    void describe();
    [[nodiscard]] v1::Event clockEvent(const std::optional<v1::DeviceClock>& before) const;
    [[nodiscard]] v1::Event unencryptedEvent(const Value& value) const;

    std::shared_ptr<GattLink> link_;
    Clock& clock_;
    Sink& sink_;
    DeviceSettings settings_;
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
    std::string remembered_;  ///< bookmark of the clock, as last committed
    std::optional<Moment> lastReading_;
    std::optional<SteadyTime> lastMarked_;  ///< when it was last remembered
    Answer<std::monostate> pause_;
};

}  // namespace vitalgate::session
