#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/broker_address.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/base/time.hpp"
#include "gateway/config/secret.hpp"
#include "gateway/config/yaml.hpp"

namespace vitalgate::config {

struct SignalStrength {
    int dBm = 0;
    auto operator<=>(const SignalStrength&) const = default;
};
struct ByteSize {
    std::uint64_t bytes = 0;
    auto operator<=>(const ByteSize&) const = default;
};
struct Rate {
    std::uint32_t perMinute = 0;
    auto operator<=>(const Rate&) const = default;
};

/// `all`, or exactly these.
struct Names {
    bool all = false;
    std::vector<std::string> list;
};

enum class ClockUse { set, leave };
enum class RecordUse { sinceLast, all, none };
enum class PairingPolicy { justWorks, passkey, never };
enum class Protocol { mqtt5, mqtt311 };
enum class TlsVersion { tls12, tls13 };
enum class Delivery { broker, receipt };
enum class CommandSource { onlySigned, transportOnly, none };
enum class DeviceIdentifiers { keyed, plain };

/// What the files say, every default filled in from the key table (tables.cpp). What each key
/// means stands there too.
struct Hub {
    std::string id;  ///< never empty
    std::string location;
    std::map<std::string, std::string> labels;
};
struct Time {
    std::string zone;                         ///< empty: the system's
    std::optional<Duration> setDeviceClocks;  ///< nothing: never
};
struct PairingRules {
    Duration window{};
    SignalStrength signalFloor;
    PairingPolicy policy{};
};
struct Bluetooth {
    std::string bus;                    ///< "system" or a D-Bus address
    std::vector<std::string> adapters;  ///< "hci0" or "00:11:22:33:44:55"; empty: any
    SignalStrength signalFloor;
    Duration connectTimeout{};
    PairingRules pairing;
};
struct Person {
    std::string label;  ///< the id if none is written
};
struct Device {
    BluetoothAddress address;
    std::string label;  ///< the id if none is written
    bool enabled = false;
    std::vector<std::string> profiles;           ///< kind words; empty: all that are found
    std::string person;                          ///< empty: by slots
    std::map<std::uint32_t, std::string> slots;  ///< slot -> person
    ClockUse clock{};
    std::string quirk;  ///< row name, "none", or empty: by model
    bool requireBond = false;
    std::optional<Passkey> passkey;
    RecordUse records{};
    std::map<std::uint32_t, ConsentCode> consent;  ///< by user slot
    bool registerUsers = false;
    std::vector<Uuid> opaque;  ///< characteristics
    Duration expectEvery{};    ///< zero: no measurement is expected
};
struct Admission {
    std::string profile;  ///< kind word
    WallTime until;
    std::uint32_t atMost = 0;
    SignalStrength signalFloor;
};
struct Readings {
    bool raw = false;
    Duration seriesInterval{};
};
struct Store {
    std::string path;  ///< the folder of store.db; empty: the state directory
    Duration keep{};
    ByteSize maxSize;
    std::optional<Secret> key;  ///< nothing: made at first start
};
struct Tls {
    std::string ca;           ///< path, "system", or empty when no broker uses TLS
    std::string certificate;  ///< path; empty: none
    std::optional<KeyFile> key;
    std::string serverName;  ///< empty: the broker's
    std::string crl;         ///< path; empty: none
    TlsVersion minVersion{};
};
struct Uplink {
    std::vector<BrokerAddress> brokers;  ///< one to four, tried in order
    Protocol protocol{};
    std::string root;      ///< holds {hub} once
    std::string clientId;  ///< the hub's id if none is written
    std::string user;
    std::optional<Secret> password;
    Tls tls;
    Delivery delivery{};
    Duration receiptTimeout{};  ///< with Delivery::receipt
    std::uint32_t window = 0;
    ByteSize batchSize;
    Duration keepAlive{};
    Duration sessionExpiry{};
    Duration retryMax{};
    bool commands = false;
    bool allowPlaintext = false;
};
struct CommandKey {
    std::string publicKey;  ///< Ed25519, 32 octets in base64
    Names kinds;
    Names devices;
    Rate rate;
};
struct Commands {
    CommandSource accept{};
    Duration maxValidity{};
    std::map<std::string, CommandKey> keys;
};
struct LogLevels {
    std::string level;  ///< a word of parseLogLevel
};
struct Privacy {
    DeviceIdentifiers deviceIdentifiers{};
    std::optional<Secret> idKey;  ///< nothing: made at first start
};
struct Config {
    Hub hub;
    Time time;
    Bluetooth bluetooth;
    std::map<std::string, Person> people;
    std::map<std::string, Device> devices;
    std::map<std::string, Admission> admit;
    Readings readings;
    Store store;
    std::map<std::string, Uplink> uplinks;
    Commands commands;
    LogLevels log;
    Privacy privacy;
};

struct LoadOptions {
    WallTime now;  ///< admit.<name>.until lies at most 30 days after it
    /// Where credentials lie (host::credentialsDirectory()); nothing: they are not checked.
    std::optional<std::filesystem::path> credentialsDirectory;
    /// Whether the files that the configuration names must be there, readable and private.
    bool checkSecrets = true;
    std::string machineIdFile = "/etc/machine-id";  ///< for the default of hub.id
};

using LoadResult = std::expected<Config, Problems>;

/// Reads `path` and conf.d/*.yaml beside it (in the order of their names; they add keys and never
/// replace one). Either everything is right, or all that is wrong is told at once.
LoadResult load(const std::filesystem::path& path, const LoadOptions& options);

/// The same for one text; `name` stands for the file in messages.
LoadResult loadText(std::string_view text, const std::string& name, const LoadOptions& options);

/// "hub-" and 8 hexadecimal digits: FNV-1a (32 bits) over "vitalgate:" and the machine's id. The
/// same at every start and in every program; the machine id does not leave.
std::string defaultHubId(std::string_view machineId);

}  // namespace vitalgate::config
