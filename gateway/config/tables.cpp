#include "gateway/config/key_table.hpp"

/// The key table: every key of the configuration, once. Parsing, defaults, ranges, messages, help
/// and the reference page are made from it.
namespace vitalgate::config {

namespace {

/// What the profiles of adapters/profiles give; a test compares the two.
constexpr std::string_view kKinds =
    "blood-pressure body-temperature weight body-composition heart-rate glucose "
    "glucose-continuous pulse-oximetry";
/// The rows of the quirk table; a test compares them.
constexpr std::string_view kQuirks =
    "none and-scale and-device taidoc-td1241 indie-scale philips-ear beurer-bm85 detecto-7550 "
    "trailing-octets";
/// The kinds of commands/kinds.cpp; a test compares them.
constexpr std::string_view kCommandKinds =
    "get-status list-devices describe-device scan open-pairing-window pair forget-device rename "
    "assign-subject enable-device disable-device read-characteristic write-characteristic "
    "read-battery set-clock fetch-records clear-records start-measurement stop-measurement "
    "reset-energy control-fitness calibrate set-alert-limit set-interval identify replay "
    "set-log-level get-diagnostics reload-config restart";
constexpr std::string_view kLogLevels = "error warning info debug";

constexpr Key<Hub> kHub[] = {
    key<&Hub::id>({.name = "id",
                   .otherwise = "`hub-` and a hash of the machine's id",
                   .help = "Name of this hub in topics, as MQTT client id and in certificates.",
                   .form = Form::identifier}),
    key<&Hub::location>(
        {.name = "location", .most = "120", .help = "Where it stands; copied into the status."}),
    key<&Hub::labels>(
        {.name = "labels", .most = "16", .help = "Copied into the status. No personal data."}),
};

constexpr Key<Time> kTime[] = {
    key<&Time::zone>({.name = "zone",
                      .otherwise = "the system's",
                      .help = "Local time of devices that know no zone.",
                      .form = Form::zone}),
    key<&Time::setDeviceClocks>({.name = "set-device-clocks",
                                 .standard = "30s",
                                 .least = "1s",
                                 .most = "1d",
                                 .help = "A device's clock is set when it is off by more."}),
};

constexpr Key<PairingRules> kPairing[] = {
    key<&PairingRules::window>({.name = "window",
                                .standard = "2m",
                                .least = "10s",
                                .most = "10m",
                                .help = "How long pairing stays open once it is opened."}),
    key<&PairingRules::signalFloor>(
        {.name = "signal-floor",
         .standard = "-75dBm",
         .least = "-110dBm",
         .most = "-30dBm",
         .help = "Weaker devices are not admitted by a rule that names no signal of its own."}),
    key<&PairingRules::policy>(
        {.name = "policy",
         .standard = "just-works",
         .help = "Which devices are paired: `just-works` also those without a `passkey` of their "
                 "own, `passkey` only those with one, `never` none."}),
};

constexpr Key<Bluetooth> kBluetooth[] = {
    key<&Bluetooth::bus>({.name = "bus",
                          .standard = "system",
                          .help = "The D-Bus on which BlueZ, or the simulator, is found.",
                          .form = Form::bus}),
    key<&Bluetooth::adapters>({.name = "adapters",
                               .standard = "any",
                               .most = "8",
                               .help = "Bluetooth adapters to use, by name or address; `any` for "
                                       "all that are there.",
                               .form = Form::adapter}),
    key<&Bluetooth::signalFloor>({.name = "signal-floor",
                                  .standard = "-95dBm",
                                  .least = "-110dBm",
                                  .most = "-30dBm",
                                  .help = "Weaker devices are not connected."}),
    key<&Bluetooth::connectTimeout>({.name = "connect-timeout",
                                     .standard = "20s",
                                     .least = "5s",
                                     .most = "60s",
                                     .help = "How long one attempt to connect may take."}),
    key<&Bluetooth::pairing>({.name = "pairing"}),
};

constexpr Key<Person> kPerson[] = {
    key<&Person::label>({.name = "label",
                         .otherwise = "the id",
                         .most = "120",
                         .help = "Name shown on the hub's own screens; it never leaves the hub."}),
};

constexpr Key<Device> kDevice[] = {
    key<&Device::address>({.name = "address",
                           .help = "The device's Bluetooth address, in quotes.",
                           .required = true}),
    key<&Device::label>({.name = "label",
                         .otherwise = "the id",
                         .most = "120",
                         .help = "Name of the device for people."}),
    key<&Device::enabled>(
        {.name = "enabled", .standard = "true", .help = "`false`: the device is left alone."}),
    key<&Device::profiles>({.name = "profiles",
                            .otherwise = "all that are found",
                            .help = "Kinds of readings to take; what is not listed is not read.",
                            .choices = kKinds,
                            .form = Form::word}),
    key<&Device::person>({.name = "person",
                          .otherwise = "unassigned",
                          .help = "All its readings are this person's. Not together with `slots`.",
                          .form = Form::identifier}),
    key<&Device::slots>({.name = "slots",
                         .otherwise = "unassigned",
                         .least = "0",
                         .most = "254",
                         .help = "Whose the device's user slots are; others stay unassigned.",
                         .form = Form::identifier}),
    key<&Device::clock>({.name = "clock",
                         .standard = "set",
                         .help = "Whether the device's clock is set (see "
                                 "`time.set-device-clocks`) or left as it is."}),
    key<&Device::quirk>({.name = "quirk",
                         .otherwise = "by model",
                         .help = "Row of the quirk table to apply, or `none`.",
                         .choices = kQuirks,
                         .form = Form::word}),
    key<&Device::requireBond>({.name = "require-bond",
                               .standard = "false",
                               .help = "Readings are taken only over a bonded, encrypted link."}),
    key<&Device::passkey>({.name = "passkey",
                           .help = "The six digits printed on the device: it is paired with them, "
                                   "and never without."}),
    key<&Device::records>({.name = "records",
                           .standard = "since-last",
                           .help = "Which of the device's stored records are fetched when it is "
                                   "connected."}),
    key<&Device::consent>({.name = "consent",
                           .least = "0",
                           .most = "254",
                           .help = "For each user slot the code that the user has agreed on with "
                                   "the device: one to four digits."}),
    key<&Device::registerUsers>({.name = "register-users",
                                 .standard = "false",
                                 .help = "A user of `consent` whom the device does not know is "
                                         "registered there; the number it gives is remembered."}),
    key<&Device::opaque>({.name = "opaque",
                          .most = "32",
                          .help = "Characteristics that no profile knows: their values are passed "
                                  "through as they are."}),
    key<&Device::expectEvery>({.name = "expect-every",
                               .example = "24h",
                               .least = "1m",
                               .most = "30d",
                               .help = "Without a measurement for so long the hub says that one "
                                       "is overdue."}),
};

constexpr Key<Admission> kAdmission[] = {
    key<&Admission::profile>({.name = "profile",
                              .help = "Kind of readings that a new device must offer.",
                              .choices = kKinds,
                              .form = Form::word,
                              .required = true}),
    key<&Admission::until>(
        {.name = "until", .help = "End of the rule, at most 30 days ahead.", .required = true}),
    key<&Admission::atMost>({.name = "at-most",
                             .standard = "1",
                             .least = "1",
                             .most = "50",
                             .help = "How many devices the rule admits."}),
    key<&Admission::signalFloor>({.name = "signal-floor",
                                  .otherwise = "as `bluetooth.pairing.signal-floor`",
                                  .least = "-110dBm",
                                  .most = "-30dBm",
                                  .help = "Weaker devices are not admitted."}),
};

constexpr Key<Readings> kReadings[] = {
    key<&Readings::raw>({.name = "raw",
                         .standard = "true",
                         .help = "Each reading carries the device's original bytes."}),
    key<&Readings::seriesInterval>({.name = "series-interval",
                                    .standard = "60s",
                                    .least = "1s",
                                    .most = "15m",
                                    .help = "Values that come without end (a worn oximeter) are "
                                            "gathered for so long into one reading."}),
};

constexpr Key<Store> kStore[] = {
    key<&Store::path>({.name = "path",
                       .otherwise = "the state directory",
                       .example = "/var/lib/vitalgate",
                       .help = "Folder of `store.db`.",
                       .form = Form::path}),
    key<&Store::keep>({.name = "keep",
                       .standard = "30d",
                       .least = "1h",
                       .most = "400d",
                       .help = "History after acknowledgement, and the outage to be ready for."}),
    key<&Store::maxSize>(
        {.name = "max-size",
         .standard = "512MiB",
         .least = "8MiB",
         .most = "64GiB",
         .help = "The most that the records take on the disk, beside a journal of up to 16 MiB."}),
    key<&Store::key>({.name = "key",
                      .otherwise = "made at first start",
                      .help = "Key of 32 octets that seals the store.",
                      .form = Form::key}),
};

constexpr Key<Tls> kTls[] = {
    key<&Tls::ca>({.name = "ca",
                   .otherwise = "required with `mqtts` and `wss`",
                   .help = "Certificates that the broker's must descend from; `system` for those "
                           "of the operating system.",
                   .form = Form::caPath}),
    key<&Tls::certificate>({.name = "certificate",
                            .help = "The hub's own certificate; with `key`.",
                            .form = Form::path}),
    key<&Tls::key>({.name = "key", .help = "The private key of `certificate`."}),
    key<&Tls::serverName>({.name = "server-name",
                           .otherwise = "the broker's",
                           .help = "The name that the broker's certificate must carry.",
                           .form = Form::host}),
    key<&Tls::crl>({.name = "crl", .help = "List of revoked certificates.", .form = Form::path}),
    key<&Tls::minVersion>({.name = "min-version",
                           .standard = "1.2",
                           .help = "The oldest version of TLS that is accepted."}),
};

constexpr Key<Uplink> kUplink[] = {
    key<&Uplink::brokers>({.name = "broker",
                           .most = "4",
                           .help = "`mqtts://host:port`, likewise `mqtt`, `wss`, `ws`; several are "
                                   "tried in order.",
                           .required = true}),
    key<&Uplink::protocol>({.name = "protocol", .standard = "5", .help = "Version of MQTT."}),
    key<&Uplink::root>({.name = "root",
                        .standard = "vitalgate/v1/{hub}",
                        .help = "What all topics begin with.",
                        .form = Form::root}),
    key<&Uplink::clientId>({.name = "client-id",
                            .otherwise = "the hub's id",
                            .most = "128",
                            .help = "MQTT client id."}),
    key<&Uplink::user>({.name = "user", .most = "256", .help = "MQTT user name."}),
    key<&Uplink::password>({.name = "password", .help = "MQTT password; with `user`."}),
    key<&Uplink::tls>({.name = "tls"}),
    key<&Uplink::delivery>({.name = "delivery",
                            .standard = "broker",
                            .help = "What counts as delivered: what the broker acknowledged, or "
                                    "what the service's receipts name."}),
    key<&Uplink::receiptTimeout>({.name = "receipt-timeout",
                                  .standard = "15m",
                                  .least = "1m",
                                  .most = "7d",
                                  .help = "With `delivery: receipt`: what no receipt names for so "
                                          "long is sent again."}),
    key<&Uplink::window>({.name = "window",
                          .standard = "100",
                          .least = "1",
                          .most = "1000",
                          .help = "How many messages may wait for their acknowledgement."}),
    key<&Uplink::batchSize>({.name = "batch-size",
                             .standard = "64KiB",
                             .least = "4KiB",
                             .most = "256KiB",
                             .help = "The most that one message of the backlog carries."}),
    key<&Uplink::keepAlive>({.name = "keep-alive",
                             .standard = "60s",
                             .least = "10s",
                             .most = "20m",
                             .help = "A silent broker is noticed after this time and a half."}),
    key<&Uplink::sessionExpiry>({.name = "session-expiry",
                                 .standard = "24h",
                                 .least = "0s",
                                 .most = "30d",
                                 .help = "How long the broker keeps commands for a hub that is "
                                         "away."}),
    key<&Uplink::retryMax>({.name = "retry-max",
                            .standard = "5m",
                            .least = "10s",
                            .most = "1h",
                            .help = "The longest pause between attempts to connect."}),
    key<&Uplink::commands>(
        {.name = "commands", .standard = "true", .help = "Whether commands may come from here."}),
    key<&Uplink::allowPlaintext>({.name = "allow-plaintext",
                                  .standard = "false",
                                  .help = "Allows `mqtt` and `ws` to another host: everybody on "
                                          "the way can read everything."}),
};

constexpr Key<CommandKey> kCommandKey[] = {
    key<&CommandKey::publicKey>(
        {.name = "public-key",
         .help = "Commands signed with its other half are believed; as `openssl pkey "
                 "-pubout` prints it, or the 32 octets alone.",
         .form = Form::publicKey,
         .required = true}),
    key<&CommandKey::kinds>({.name = "kinds",
                             .help = "Kinds of commands it may sign; `all` leaves out those that "
                                     "must be named.",
                             .choices = kCommandKinds,
                             .form = Form::word,
                             .required = true}),
    key<&CommandKey::devices>({.name = "devices",
                               .standard = "all",
                               .help = "Devices it may command.",
                               .form = Form::identifier}),
    key<&CommandKey::rate>({.name = "rate",
                            .standard = "60/min",
                            .least = "1/min",
                            .most = "6000/min",
                            .help = "Commands above it are refused."}),
};

constexpr Key<Commands> kCommands[] = {
    key<&Commands::accept>({.name = "accept",
                            .standard = "signed",
                            .help = "`signed`: only commands with the signature of one of `keys`; "
                                    "`transport-only`: whoever may publish on the broker may "
                                    "command; `none`."}),
    key<&Commands::maxValidity>({.name = "max-validity",
                                 .standard = "7d",
                                 .least = "1m",
                                 .most = "30d",
                                 .help = "A command that is valid for longer is refused."}),
    key<&Commands::keys>({.name = "keys", .most = "16", .placeholder = "<id>"}),
};

constexpr Key<LogLevels> kLog[] = {
    key<&LogLevels::level>({.name = "level",
                            .standard = "info",
                            .help = "How much is logged.",
                            .choices = kLogLevels,
                            .form = Form::word}),
};

constexpr Key<Privacy> kPrivacy[] = {
    key<&Privacy::deviceIdentifiers>(
        {.name = "device-identifiers",
         .standard = "keyed",
         .help = "`plain`: addresses, serial numbers and system ids of devices go upstream."}),
    key<&Privacy::idKey>({.name = "id-key",
                          .otherwise = "made at first start",
                          .help = "Key of 32 octets that makes the ids of readings and devices; "
                                  "take it along to a hub's replacement.",
                          .form = Form::key}),
};

constexpr Key<Config> kConfig[] = {
    key<&Config::hub>({.name = "hub"}),
    key<&Config::time>({.name = "time"}),
    key<&Config::bluetooth>({.name = "bluetooth"}),
    key<&Config::people>({.name = "people", .most = "64", .placeholder = "<id>"}),
    key<&Config::devices>({.name = "devices", .most = "64", .placeholder = "<id>"}),
    key<&Config::admit>({.name = "admit", .most = "16", .placeholder = "<name>"}),
    key<&Config::readings>({.name = "readings"}),
    key<&Config::store>({.name = "store"}),
    key<&Config::uplinks>({.name = "uplinks", .most = "8", .placeholder = "<name>"}),
    key<&Config::commands>({.name = "commands"}),
    key<&Config::log>({.name = "log"}),
    key<&Config::privacy>({.name = "privacy"}),
};

}  // namespace

std::span<const Key<Hub>> keysOf(Section<Hub>) {
    return kHub;
}
std::span<const Key<Time>> keysOf(Section<Time>) {
    return kTime;
}
std::span<const Key<PairingRules>> keysOf(Section<PairingRules>) {
    return kPairing;
}
std::span<const Key<Bluetooth>> keysOf(Section<Bluetooth>) {
    return kBluetooth;
}
std::span<const Key<Person>> keysOf(Section<Person>) {
    return kPerson;
}
std::span<const Key<Device>> keysOf(Section<Device>) {
    return kDevice;
}
std::span<const Key<Admission>> keysOf(Section<Admission>) {
    return kAdmission;
}
std::span<const Key<Readings>> keysOf(Section<Readings>) {
    return kReadings;
}
std::span<const Key<Store>> keysOf(Section<Store>) {
    return kStore;
}
std::span<const Key<Tls>> keysOf(Section<Tls>) {
    return kTls;
}
std::span<const Key<Uplink>> keysOf(Section<Uplink>) {
    return kUplink;
}
std::span<const Key<CommandKey>> keysOf(Section<CommandKey>) {
    return kCommandKey;
}
std::span<const Key<Commands>> keysOf(Section<Commands>) {
    return kCommands;
}
std::span<const Key<LogLevels>> keysOf(Section<LogLevels>) {
    return kLog;
}
std::span<const Key<Privacy>> keysOf(Section<Privacy>) {
    return kPrivacy;
}
std::span<const Key<Config>> keysOf(Section<Config>) {
    return kConfig;
}

void readConfig(const Node& root, Config& config, Reader& reader) {
    readSection(root, "", config, reader);
}

std::vector<KeyHelp> configurationKeys() {
    std::vector<KeyHelp> out;
    describeKeys<Config>("", out);
    return out;
}

}  // namespace vitalgate::config
