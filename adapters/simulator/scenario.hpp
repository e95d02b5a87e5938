#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/simulator/encode.hpp"
#include "adapters/simulator/gatt.hpp"
#include "adapters/simulator/identifiers.hpp"
#include "gateway/base/error.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/base/time.hpp"
#include "gateway/runtime/time_zone.hpp"

namespace vitalgate::simulator {

/// "128", "36.4..37.2", "nan": a number to draw evenly, in steps of the last decimal written.
struct NumberRange {
    double low = 0;
    double high = 0;
    int decimals = 0;
    Special special = Special::none;
    bool operator==(const NumberRange&) const = default;
};

/// An entry of `measure`: one measurement, or several at equal distances.
struct Measure {
    Duration first{};               ///< from the start; negative: what a device had stored then
    std::optional<Duration> every;  ///< absent: once
    std::uint64_t times = 1;        ///< 0: without end
    std::optional<int> user;
    std::map<std::string, NumberRange, std::less<>> values;
    std::map<std::string, std::vector<NumberRange>, std::less<>> lists;
    std::map<std::string, std::uint8_t, std::less<>> choices;  ///< by the model's table
    std::vector<std::string> statuses;
    bool failed = false;
    bool continuous = false;  ///< only while somebody is connected, and nothing of it is kept
    /// Of the replay model: what to send, as it is.
    std::optional<Uuid> characteristic;
    Bytes payload;
};

enum class ClockKind { none, currentTime, dateTime, elapsedTime, deviceTime };

struct ClockSettings {
    ClockKind kind = ClockKind::none;
    Duration ahead{};  ///< of the true time; negative: behind
    bool settable = true;
    double driftPpm = 0;  ///< positive: runs fast
    bool frozen = false;  ///< shows the time of the start for ever; writes are taken and ignored
    std::optional<TimeZone> zone;  ///< absent: the system's own; what it was at the start
    std::optional<LocalTimeInformation> local;  ///< told beside Current Time, true or not
};

enum class PairingDemand { none, justWorks, passkey, refuse };

struct PairingSettings {
    PairingDemand demand = PairingDemand::none;
    std::uint32_t passkey = 0;
    std::vector<Uuid> encrypt;  ///< need a bond as strong as `demand` gives
    bool asks = false;          ///< for a bond, as soon as it is connected (SMP Security Request)
    std::optional<Duration> forgetAfter;  ///< loses a bond this long after it was made
};

enum class AdvertiseWhen { always, afterMeasurement };

/// A time out of range: the link is lost, and nothing is heard.
struct Away {
    Duration at{};  ///< from the start
    Duration lasting{};
    bool operator==(const Away&) const = default;
};

struct AdvertiseSettings {
    AdvertiseWhen when = AdvertiseWhen::always;
    Duration window = std::chrono::seconds{5};
    Duration every = std::chrono::seconds{1};
    int signalDbm = -60;
    bool connectable = true;
    std::map<std::uint16_t, Bytes> manufacturerData;
    std::map<Uuid, Bytes> serviceData;
    std::vector<Away> away;
};

/// Steps of a conversation at which a device can end the link.
enum class Step { connect, resolve, read, write, subscribe };

struct DisconnectSettings {
    std::optional<std::uint32_t> afterValues;
    std::optional<Duration> whenDone;  ///< this long after the last value that it had to send
    std::optional<Step> at;
    std::uint32_t times = 0;  ///< how often `afterValues` and `at` happen; 0: always
    std::string reason = "by-device";
};

struct RefuseSettings {
    std::vector<Uuid> read, write, notify;
    AttError error = AttError::applicationRefused;
};

/// What goes wrong with a Record Access Control Point. Numbers count requests from the first on.
struct RecordAccessFaults {
    std::uint32_t ignore = 0;                        ///< nothing comes
    std::uint32_t unanswered = 0;                    ///< the records come, the answer does not
    std::uint32_t busy = 0;                          ///< refused as if another procedure went on
    std::uint32_t wrongRequest = 0;                  ///< the answer names another request
    std::uint32_t doubled = 0;                       ///< the answer comes twice
    std::optional<std::uint32_t> disconnectAfter{};  ///< so many records of one request
    std::uint32_t disconnectTimes = 0;               ///< how often; 0: always
    bool reverse = false;                            ///< the newest record first
    bool noAtLeast = false;                          ///< the operator "at least" is not supported
};

struct RecordSettings {
    bool kept = false;                ///< what is measured is stored, and given on request
    bool live = false;                ///< sent by itself too, to whoever has subscribed
    std::optional<Duration> resetAt;  ///< from the start: no records, and counting anew
    RecordAccessFaults faults;
};

struct WeightScaleSettings {
    bool hasWeight = true;        ///< Weight Scale Service
    bool hasComposition = false;  ///< Body Composition Service
    bool inTwoPackets = false;    ///< a composition
};

struct ThermometerSettings {
    std::optional<std::uint8_t> site;  ///< Temperature Type
    std::uint8_t intermediate = 0;     ///< values on the way to a final one
    std::optional<std::uint16_t> intervalSeconds;
};

struct OximeterSettings {
    bool spotCheck = true;
    bool continuous = false;
};

struct SessionSettings {
    Duration age{};  ///< it was begun this long before the start
    std::uint16_t runTimeHours = 240;
    std::uint8_t intervalMinutes = 5;
    std::uint8_t together = 1;  ///< records in one value, where they are asked for
};

struct Information {
    std::string name, manufacturer, model, serial, firmware, hardware, software;
    Bytes systemId;  ///< high octet first; empty, as texts are: no such characteristic
    std::optional<PnpId> pnpId;
    std::optional<Certification> regulatory;
    std::optional<UniqueDeviceIdentifier> udi;
};

struct ReplayService {
    Uuid service;
    std::vector<Characteristic> characteristics;
    std::map<Uuid, Bytes> values;  ///< of those that can be read
};

struct DeviceSettings {
    std::string name;
    std::string model;
    BluetoothAddress address;
    bool randomAddress = false;
    Information information;
    PairingSettings pairing;
    ClockSettings clock;
    std::map<int, std::uint8_t> slots;  ///< user of the scenario to the device's own number
    AdvertiseSettings advertise;
    DisconnectSettings disconnect;
    RefuseSettings refuse;
    std::map<std::uint8_t, std::uint16_t> consents;  ///< code of a user, by the device's number
    std::string unit;                                ///< empty: the model's first
    std::optional<std::uint8_t> battery = 100;       ///< percent; absent: no Battery Service
    bool batteryStatus = false;                      ///< Battery Level Status too
    bool bondManagement = false;                     ///< a bond can be deleted over the air
    std::size_t memory = 0;  ///< measurements kept, as records or until they can be delivered
    RecordSettings records;
    bool enhanced = false;           ///< of a blood pressure monitor
    std::uint8_t cuffPressures = 0;  ///< on the way to a final value of it
    bool crc = false;                ///< E2E-CRC, of records and of continuous glucose
    /// What the person sees is so much ahead of the device's base time.
    std::optional<Duration> userTimeOffset;
    WeightScaleSettings scale;
    ThermometerSettings thermometer;
    OximeterSettings oximeter;
    SessionSettings session;
    std::vector<ReplayService> services;
    std::vector<Measure> measures;
};

/// A controller that is unplugged and plugged in again.
struct Absence {
    Duration at{};
    Duration lasting{};
    std::string returnsAs;  ///< another name; empty: its own
};

struct AdapterSettings {
    std::string name = "hci0";
    BluetoothAddress address;
    bool powered = true;
    int attenuationDb = 0;  ///< how much worse it hears than a device's signal says
    std::vector<Absence> absences;
};

enum class Freeze { discovery, calls, signals };

/// What a client does that ends a freeze before its time.
enum class Cure { none, restart, newSession, powerCycle, reconnect };

struct Fault {
    Duration at{};
    Freeze freeze = Freeze::discovery;
    std::optional<Duration> lasting;  ///< absent: until it is cured
    Cure cure = Cure::none;
};

/// Habits and faults of the BlueZ stand-in.
struct BluezSettings {
    Duration connectAfter = std::chrono::milliseconds{150};
    Duration connectTimeout = std::chrono::seconds{20};
    Duration servicesResolvedAfter = std::chrono::milliseconds{250};
    Duration answerAfter = std::chrono::milliseconds{15};  ///< one exchange on the air
    Duration vanishAfter = std::chrono::seconds{30};
    Duration kernelScans{};    ///< from the start, for a BlueZ before this one: nobody else may
    bool pairOnDemand = true;  ///< an encrypted characteristic starts pairing by itself
    bool resolvedTooEarly = false;  ///< ServicesResolved before the objects are there
    bool batteryHidden =
        false;  ///< the Battery Service is Battery1 only, as from BlueZ 5.48 to 5.54
    std::vector<std::string> neverResolve;                           ///< devices
    std::map<std::string, std::uint32_t, std::less<>> abortConnect;  ///< device to how many times
    std::vector<Fault> faults;
};

struct Scenario {
    std::uint64_t seed = 1;
    std::vector<AdapterSettings> adapters;
    std::vector<DeviceSettings> devices;
    BluezSettings bluez;
};

/// Reads a scenario. The error names all problems, one a line, each with file, line and column.
/// `seed` replaces the scenario's own: crowds of strangers are drawn from it.
Result<Scenario> readScenario(const std::filesystem::path& file,
                              std::optional<std::uint64_t> seed = std::nullopt);
Result<Scenario> parseScenario(std::string_view text, const std::string& name,
                               std::optional<std::uint64_t> seed = std::nullopt);

}  // namespace vitalgate::simulator
