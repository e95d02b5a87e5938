#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/base/time.hpp"
#include "vitalgate/v1/command.pb.h"
#include "vitalgate/v1/device.pb.h"
#include "vitalgate/v1/event.pb.h"
#include "vitalgate/v1/hub.pb.h"
#include "vitalgate/v1/reading.pb.h"

namespace vitalgate {

/// What makes two deliveries of a measurement the same measurement. Stays on the hub: only a keyed
/// hash of it (Reading.id) leaves.
struct MeasurementIdentity {
    BluetoothAddress address;
    Uuid characteristic;
    std::string deviceTime;                     ///< empty if the device gave none that can be used
    std::optional<std::uint32_t> recordNumber;  ///< the device's own
    Bytes payload;                              ///< of the main characteristic
};

/// A reading complete but for id and id_basis, which the receiver computes.
struct NewReading {
    v1::Reading reading;
    MeasurementIdentity identity;
    /// The reading that this one completes; the receiver computes its id, Reading.amends.
    std::optional<MeasurementIdentity> amends;
};

/// A refused measurement that has its own time or number: read again, it is the same one.
struct NewRefusal {
    v1::Event event;
    MeasurementIdentity identity;
};

/// What an adapter remembers of a device, committed together with the readings it belongs to.
struct Bookmark {
    std::string device;  ///< configured id
    std::string name;    ///< "last-reading", "clock-offset"
    std::string value;
};

/// One append: all of it is committed in one transaction, or none.
struct Append {
    std::vector<NewReading> readings;
    std::vector<v1::Event> events;  ///< without id; the receiver gives one
    std::vector<NewRefusal> refusals;
    std::vector<Bookmark> bookmarks;
};

/// What became of an append.
struct Accepted {
    std::uint64_t newestSequence = 0;
    std::uint32_t duplicates = 0;  ///< readings already known by id, not stored again
};

/// Where readings go. append() comes back after the commit: whatever is then deleted on the device
/// waits for it. ErrorKind::unavailable while intake is closed; then nothing was taken.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual asio::awaitable<Result<Accepted>> append(Append what) = 0;
    /// False while nothing can be kept: then no device is connected to, so that it keeps what it
    /// has.
    [[nodiscard]] virtual bool isOpen() const { return true; }
    /// A device's descriptor changed (retained upstream, not kept in the stream).
    virtual void describe(const v1::DeviceDescriptor& descriptor) = 0;
    /// The value that append() last committed under that name; empty if there is none.
    virtual asio::awaitable<Result<std::string>> bookmark(std::string device, std::string name) = 0;
};

/// A person's slot on a device, and whose it is.
struct SubjectMap {
    std::string person;  ///< all readings are theirs; empty: by slot
    std::map<std::uint32_t, std::string> slots;
};

/// Which of a device's stored records are fetched when it is connected.
enum class RecordUse { sinceLast, all, none };

/// What the configuration says about one device; see "devices" in the configuration reference.
struct DeviceSettings {
    std::string id;
    std::string label;
    BluetoothAddress address;
    bool enabled = true;
    std::vector<std::string> profiles;  ///< kinds to read; empty: all that are found
    SubjectMap subjects;
    bool setClock = true;
    std::string quirk;  ///< row name, "none", or empty: by model
    bool requireBond = false;
    /// Reads the device's passkey, which is kept nowhere; empty: it has none, and is paired
    /// without.
    std::function<Result<std::uint32_t>()> passkey;
    RecordUse records = RecordUse::sinceLast;
    /// By user slot: reads the code that the user has agreed on with the device, kept nowhere.
    std::map<std::uint32_t, std::function<Result<std::uint16_t>()>> consent;
    /// A user of `consent` whom the device does not know is registered there.
    bool registerUsers = false;
    /// Characteristics that no profile knows and whose values are passed through as they are.
    std::vector<Uuid> opaque;
    /// A measurement is expected at least so often; zero: not at all.
    Duration expectEvery{};
    v1::Admission admission = v1::ADMISSION_CONFIGURED;
};

/// Admits devices without a configured address for a limited time.
struct AdmissionRule {
    std::string name;
    std::string profile;  ///< kind word: "blood-pressure"
    WallTime until;
    std::uint32_t atMost = 1;
    int signalFloorDbm = -75;
};

/// A kind of command that a device runs, and its word in descriptors.
struct DeviceCommandKind {
    v1::Command::KindCase kind;
    std::string_view word;
};

/// All of them; DeviceDescriptor.commands says which one device understands.
inline constexpr std::array kDeviceCommands{
    DeviceCommandKind{v1::Command::kReadBattery, "read-battery"},
    DeviceCommandKind{v1::Command::kSetClock, "set-clock"},
    DeviceCommandKind{v1::Command::kFetchRecords, "fetch-records"},
    DeviceCommandKind{v1::Command::kStartMeasurement, "start-measurement"},
    DeviceCommandKind{v1::Command::kStopMeasurement, "stop-measurement"},
    DeviceCommandKind{v1::Command::kResetEnergy, "reset-energy"},
    DeviceCommandKind{v1::Command::kCalibrate, "calibrate"},
    DeviceCommandKind{v1::Command::kSetAlertLimit, "set-alert-limit"},
    DeviceCommandKind{v1::Command::kSetInterval, "set-interval"},
};

/// Values that devices hold as delivered, and that are neither committed nor counted as lost.
struct UnsettledValues {
    std::uint64_t given = 0;  ///< to the sink, which has not answered
    std::uint64_t held = 0;   ///< in the adapter's memory alone
};

/// What every technology offers to the application.
class Adapter {
  public:
    virtual ~Adapter() = default;
    virtual void start() = 0;
    /// Ends all conversations; `done` runs on the loop when nothing of it runs any more, within
    /// 2 s also if the bus does not answer.
    virtual void stop(std::function<void()> done) = 0;
    /// Runs a command for one device; the result has state, text and data, not the command's ids.
    /// Ends by itself, also if the device never comes.
    virtual asio::awaitable<v1::CommandResult> execute(v1::Command command) = 0;
    [[nodiscard]] virtual std::vector<v1::DeviceDescriptor> devices() const = 0;
    [[nodiscard]] virtual std::vector<v1::Adapter> adapters() const = 0;
    /// Trouble for HubStatus.problems; empty: all is well.
    [[nodiscard]] virtual std::vector<v1::Problem> problems() const = 0;
    [[nodiscard]] virtual UnsettledValues unsettled() const { return {}; }
};

}  // namespace vitalgate
