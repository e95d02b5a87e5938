#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/simulator/device_clock.hpp"
#include "adapters/simulator/device_time_service.hpp"
#include "adapters/simulator/ledger.hpp"
#include "adapters/simulator/model.hpp"
#include "gateway/runtime/random.hpp"

namespace vitalgate::simulator {

class Device;

/// What carries the radio of devices: the BlueZ stand-in, or a real Bluetooth controller. Called by
/// a device, on the loop.
class Radio {
  public:
    virtual ~Radio() = default;
    /// One advertising packet went out.
    virtual void advertised(Device& device) = 0;
    /// No packet follows, and no link comes about, until it advertises again: it has a link, its
    /// window is over, or it is out of range.
    virtual void silenced(Device& device) = 0;
    /// A notification or an indication goes out on the open link; answer with Device::confirmed().
    /// `number` is for Device::taken().
    virtual void send(Device& device, const Characteristic& characteristic, const Bytes& value,
                      std::uint64_t number) = 0;
    /// The device has ended the link.
    virtual void closed(Device& device) = 0;
    /// The device has lost the keys of its bond; a link that was open has been closed before.
    virtual void erased(Device& device) = 0;
};

/// How an attempt to pair ends.
enum class PairingResult { bonded, wrongPasskey, refused };

/// One virtual health device: measures by its schedule, advertises, has one link at a time, keeps
/// what it could not deliver. Knows nothing of D-Bus. On the loop's thread.
class Device {
  public:
    /// `clock`, `ledger` and `radio` must outlive this. `seed` is the scenario's.
    Device(DeviceSettings settings, std::uint64_t seed, Clock& clock, Ledger& ledger, Radio& radio);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    /// Begins the schedule and advertising.
    void start();

    [[nodiscard]] const DeviceSettings& settings() const { return settings_; }
    [[nodiscard]] const std::string& name() const { return settings_.name; }
    [[nodiscard]] const Database& database() const { return database_; }
    /// UUIDs in its advertisement.
    [[nodiscard]] std::vector<Uuid> advertisedServices() const { return model_->advertised(); }
    [[nodiscard]] bool isAdvertising() const { return advertising_; }
    [[nodiscard]] bool isConnected() const { return link_.has_value(); }
    [[nodiscard]] int signalDbm() const { return signalDbm_; }

    /// A link is asked for: only while it advertises, and is connectable. False: no link.
    bool connect();
    /// The other side has ended the link, or it was lost ("by-hub", "link-lost").
    void disconnect(std::string_view reason);
    /// The other side has seen all services. The device may end the link here.
    void resolved();

    AttResult<Bytes> read(const Characteristic& characteristic);
    AttResult<void> write(const Characteristic& characteristic, ByteView value);
    /// A write to the Client Characteristic Configuration.
    AttResult<void> subscribe(const Characteristic& characteristic, bool on);

    /// Pairing on the open link; `passkey` is what the other side's person typed.
    PairingResult pair(std::optional<std::uint32_t> passkey);
    /// The same where the radio's own stack pairs and decides: an attempt, and its success.
    void pairingAsked();
    void bonded();
    /// Whether a stack that keeps the keys itself has them for the other side of a link that is
    /// about to open; it may know them from an earlier run.
    void adoptBond(bool exists);
    /// Both sides have the keys of an earlier pairing. False if the device has none.
    bool encrypt();
    /// The stack has made sure that the open link is as well protected as the device demands.
    void secured();
    /// How the bond with the present keys protects; open without a bond.
    [[nodiscard]] Security bond() const { return bond_; }
    [[nodiscard]] Security security() const;

    /// The other side's stack has the value that is on the way: the next may go.
    void confirmed();
    /// A client of the other side has read the value.
    void taken(std::uint64_t number, const Characteristic& characteristic);

  private:
    struct Link {
        Security security = Security::open;
        std::uint32_t values = 0;  ///< of measurements, delivered on this link
        bool inFlight = false;
        bool flightIsKept = false;  ///< what is in flight is the first of `memory_`, not of `now`
        std::deque<Output> now;     ///< answers, records, and whatever goes at once or never
    };
    /// A measurement that goes when somebody has subscribed, as a whole again if the link is lost.
    struct Pending {
        std::uint64_t number;
        std::optional<std::uint8_t> user;
        Outputs values;
        std::size_t next = 0;
    };
    struct Schedule {
        const Measure* measure;
        std::uint64_t left;  ///< 0: without end
        Timer timer;
    };

    void describe();
    void describeIdentifiers(std::vector<Characteristic>& given);
    void describeBattery();
    void describeCurrentTime(Flags flags);
    void describeClock(std::vector<Characteristic>& ofMeasurement);
    void plan(Schedule& schedule, Duration delay);
    std::optional<Duration> recall(Schedule& schedule);
    void measure(const Measure& measure, Duration ago);
    Sample draw(const Measure& measure, Duration ago);
    Number drawNumber(const NumberRange& range);
    void noteMeasured(const Measure& measure, const Sample& sample, std::uint64_t number);
    void deliver(const Measure& measure, const Sample& sample, std::uint64_t number,
                 Outputs outputs);
    void remember(Pending pending);
    void stored();
    void reset();
    void reportLost();
    void trim(std::size_t limit, std::string_view why);
    void pump();
    [[nodiscard]] const Output* nextNow();
    [[nodiscard]] const Output* nextKept();
    void send(const Output& output, bool isKept);
    [[nodiscard]] std::optional<Output> landed();
    [[nodiscard]] bool isSubscribed(const Uuid& characteristic) const;
    [[nodiscard]] bool canGo(const Output& output) const;
    [[nodiscard]] bool hasUnsent() const;
    [[nodiscard]] Duration age() const { return clock_.steady() - switchedOn_; }
    void openWindow();
    void closeWindow();
    void stopAdvertising();
    void advertise();
    void leave();
    void comeBack();
    void setBond();
    void forgetBond();
    void end(std::string_view reason);
    void afterDelivery();
    bool endsAt(Step step);
    [[nodiscard]] AttResult<void> permit(const Characteristic& characteristic,
                                         const std::vector<Uuid>& refused) const;
    [[nodiscard]] std::optional<Bytes> readClock(const Uuid& characteristic) const;
    AttResult<void> writeValue(const Characteristic& characteristic, ByteView value);
    AttResult<void> writeClock(const Characteristic& characteristic, ByteView value);
    AttResult<void> writeBondManagement(ByteView value);
    AttResult<Answer> answerTo(const Characteristic& characteristic, ByteView value);
    AttResult<void> ask(const Characteristic& characteristic, ByteView value);

    DeviceSettings settings_;
    const ModelSpec& spec_;
    std::unique_ptr<Model> model_;
    Clock& clock_;
    Ledger& ledger_;
    Radio& radio_;
    SeededRandom random_;
    DeviceClock calendar_;
    DeviceTimeService deviceTime_;
    SteadyTime switchedOn_;
    std::uint8_t adjustReason_ = 0;
    Database database_;
    std::map<Uuid, Bytes> constants_;
    std::vector<Schedule> schedules_;
    std::deque<Pending> memory_;
    std::uint64_t count_ = 0;
    /// What went with a measurement in one value, by the number that the radio has of it.
    std::map<std::uint64_t, std::vector<std::uint64_t>> together_;
    std::optional<Link> link_;
    bool bondEndsWithLink_ = false;
    std::set<std::uint16_t> subscribed_;  ///< handles
    Security bond_ = Security::open;
    bool advertising_ = false;
    int away_ = 0;  ///< times out of range that are under way
    int signalDbm_;
    std::uint32_t endings_ = 0;
    Timer packets_;
    Timer window_;
    Timer idle_;
    Timer bondEnds_;
    Timer answers_;
    std::vector<Timer> journeys_;
};

}  // namespace vitalgate::simulator
