#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "tests/config/load_fixture.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::config;
using namespace vitalgate::testing;
using std::chrono::hours;

TEST_CASE("what is not written has the default of the key table") {
    const auto config = good(
        "hub: {id: hub-1}\ncommands: {accept: none}\nuplinks: {care: {broker: "
        "\"mqtt://localhost\"}}\ndevices: {cuff: {address: "
        "\"c4:7c:8d:6a:12:34\"}}\nadmit: {spare: {profile: weight, until: "
        "2026-12-01T00:00:00Z}}\npeople: {p-1: }\n");
    CHECK(config.time.zone.empty());
    CHECK(config.time.setDeviceClocks == std::chrono::seconds{30});
    CHECK(config.bluetooth.bus == "system");
    CHECK(config.bluetooth.adapters.empty());
    CHECK(config.bluetooth.signalFloor.dBm == -95);
    CHECK(config.bluetooth.connectTimeout == std::chrono::seconds{20});
    CHECK(config.bluetooth.pairing.window == std::chrono::minutes{2});
    CHECK(config.bluetooth.pairing.signalFloor.dBm == -75);
    CHECK(config.bluetooth.pairing.policy == PairingPolicy::justWorks);
    CHECK(config.people.at("p-1").label == "p-1");
    const auto& cuff = config.devices.at("cuff");
    CHECK(cuff.address.text() == "C4:7C:8D:6A:12:34");
    CHECK(cuff.label == "cuff");
    CHECK(cuff.enabled);
    CHECK(cuff.profiles.empty());
    CHECK(cuff.clock == ClockUse::set);
    CHECK_FALSE(cuff.requireBond);
    CHECK_FALSE(cuff.passkey);
    CHECK(cuff.expectEvery == Duration::zero());
    CHECK(config.admit.at("spare").atMost == 1);
    CHECK(config.admit.at("spare").signalFloor.dBm == -75);
    CHECK(config.readings.raw);
    CHECK(config.store.keep == hours{30 * 24});
    CHECK(config.store.maxSize.bytes == 512ULL * 1024 * 1024);
    CHECK_FALSE(config.store.key);
    const auto& care = config.uplinks.at("care");
    REQUIRE(care.brokers.size() == 1);
    CHECK(care.brokers[0].uri() == "mqtt://localhost:1883");
    CHECK(care.protocol == Protocol::mqtt5);
    CHECK(care.root == "vitalgate/v1/{hub}");
    CHECK(care.clientId == "hub-1");
    CHECK(care.delivery == Delivery::broker);
    CHECK(care.receiptTimeout == std::chrono::minutes{15});
    CHECK(care.window == 100);
    CHECK(care.batchSize.bytes == 64 * 1024);
    CHECK(care.keepAlive == std::chrono::seconds{60});
    CHECK(care.sessionExpiry == hours{24});
    CHECK(care.retryMax == std::chrono::minutes{5});
    CHECK(care.commands);
    CHECK(care.tls.minVersion == TlsVersion::tls12);
    CHECK(config.commands.accept == CommandSource::none);
    CHECK(config.commands.maxValidity == hours{7 * 24});
    CHECK(config.log.level == "info");
    CHECK(config.privacy.deviceIdentifiers == DeviceIdentifiers::keyed);
}

TEST_CASE("what is written arrives") {
    const auto config = good(R"(hub: {id: h, location: attic, labels: {region: north}}
time: {zone: Europe/Prague, set-device-clocks: never}
bluetooth: {bus: "unix:path=/run/x", adapters: [hci0, "00:11:22:33:44:55"], signal-floor: -80dBm}
people: {p-1: {label: Anna}}
devices:
  cuff: {address: "C4:7C:8D:6A:12:34", label: Cuff, enabled: false,
         profiles: [blood-pressure], slots: {1: p-1, 0: p-1}, clock: leave, quirk: none, require-bond: true}
  strap: {address: F0:13:C3:55:66:77, person: p-1, profiles: heart-rate}
store: {path: /var/x, keep: 1h, max-size: 8MiB, key: {credential: store-key}}
uplinks:
  a:
    broker: [mqtts://a.example, "wss://[::1]:9001/mqtt"]
    protocol: 3.1.1
    root: site/{hub}/x
    client-id: c-1
    user: u
    password: {file: /p}
    tls: {ca: /ca.pem, certificate: /c.pem, key: /k.pem, server-name: b.example, crl: /r, min-version: 1.3}
    delivery: receipt
    receipt-timeout: 1h
    window: 7
    batch-size: 4KiB
    keep-alive: 90s
    session-expiry: 0s
    retry-max: 10s
    commands: false
commands:
  accept: signed
  max-validity: 1d
  keys:
    k: {public-key: 5Kq0mJ5S0m9b1cY2o3Tt4u5v6w7x8y9zABCDEFGHIJk=, kinds: [get-status], devices: [cuff], rate: 5/min}
log: {level: debug}
privacy: {device-identifiers: plain, id-key: {file: /id}}
)");
    CHECK(config.hub.location == "attic");
    CHECK(config.hub.labels.at("region") == "north");
    CHECK(config.time.zone == "Europe/Prague");
    CHECK_FALSE(config.time.setDeviceClocks);
    CHECK(config.bluetooth.adapters == std::vector<std::string>{"hci0", "00:11:22:33:44:55"});
    const auto& cuff = config.devices.at("cuff");
    CHECK_FALSE(cuff.enabled);
    CHECK(cuff.slots == std::map<std::uint32_t, std::string>{{0, "p-1"}, {1, "p-1"}});
    CHECK(cuff.clock == ClockUse::leave);
    CHECK(cuff.quirk == "none");
    CHECK(cuff.requireBond);
    CHECK(config.devices.at("strap").profiles == std::vector<std::string>{"heart-rate"});
    CHECK(config.devices.at("strap").person == "p-1");
    CHECK(config.store.key->kind == Secret::Kind::credential);
    CHECK(config.store.key->name == "store-key");
    const auto& a = config.uplinks.at("a");
    CHECK(a.brokers[0].uri() == "mqtts://a.example:8883");
    CHECK(a.brokers[1].uri() == "wss://[::1]:9001/mqtt");
    CHECK(a.protocol == Protocol::mqtt311);
    CHECK(a.root == "site/{hub}/x");
    CHECK(a.clientId == "c-1");
    CHECK(a.password->name == "/p");
    CHECK(a.tls.ca == "/ca.pem");
    CHECK(a.tls.key->secret.name == "/k.pem");
    CHECK(a.tls.minVersion == TlsVersion::tls13);
    CHECK(a.delivery == Delivery::receipt);
    CHECK(a.receiptTimeout == hours{1});
    CHECK(a.window == 7);
    CHECK(a.sessionExpiry == Duration::zero());
    CHECK_FALSE(a.commands);
    CHECK(config.commands.keys.at("k").kinds.list == std::vector<std::string>{"get-status"});
    CHECK_FALSE(config.commands.keys.at("k").devices.all);
    CHECK(config.commands.keys.at("k").rate.perMinute == 5);
    CHECK(config.privacy.deviceIdentifiers == DeviceIdentifiers::plain);
}

namespace {

struct Mistake {
    std::string_view line;
    std::string_view problem;
};
constexpr Mistake kMistakes[] = {
    {"devices: {cuff: {adress: x, address: \"C4:7C:8D:6A:12:34\"}}",
     "v.yaml:1:18: devices.cuff: unknown key \"adress\"; did you mean \"address\"?"},
    {"metrics: {interval: 60s}",
     "v.yaml:1:1: unknown key \"metrics\"; allowed are hub, time, bluetooth, people, devices, "
     "admit, readings, store, uplinks, commands, log, privacy"},
    {"store: {keep: 30}",
     "v.yaml:1:15: store.keep: \"30\" has no unit; write for example 30d (1h to 400d)"},
    {"store: {keep: 30y}",
     "v.yaml:1:15: store.keep: \"30y\" has an unknown unit; write for example 30d (1h to "
     "400d)"},
    {"store: {keep: 401d}",
     "v.yaml:1:15: store.keep: \"401d\" is out of range; write for example 30d (1h to 400d)"},
    {"store: {keep: 99999999999999999999d}",
     "v.yaml:1:15: store.keep: \"99999999999999999999d\" is too much; write for example 30d "
     "(1h to 400d)"},
    {"store: {keep: [30d]}",
     "v.yaml:1:15: store.keep: a list stands where a duration belongs; write for example 30d "
     "(1h to 400d)"},
    {"store: {keep: }", "v.yaml:1:9: store.keep: has no value; write for example 30d (1h to 400d)"},
    {"store: {max-size: 1GB}",
     "v.yaml:1:19: store.max-size: \"1GB\" has an unknown unit; write for example 512MiB (8MiB "
     "to 64GiB)"},
    {"store: {path: state}",
     "v.yaml:1:15: store.path: \"state\" is not an absolute path; write for example "
     "/var/lib/vitalgate"},
    {"store: [a]", "v.yaml:1:8: store: must be a map of keys, not a list"},
    {"store: x", "v.yaml:1:8: store: must be a map of keys, not a text"},
    {"devices: [a]", "v.yaml:1:10: devices: must be a map, not a list"},
    {"devices: {a b: {address: \"C4:7C:8D:6A:12:34\"}}",
     "v.yaml:1:11: devices: \"a b\" is not a name; use 1 to 64 of A-Z a-z 0-9 . _ -"},
    {"devices: {cuff: {label: Cuff}}",
     "v.yaml:1:17: devices.cuff.address: is required; write for example \"C4:7C:8D:6A:12:34\""},
    {"devices: {cuff: {address: C4:7C:8D:6A:12}}",
     "v.yaml:1:27: devices.cuff.address: not a Bluetooth address; write six octets, for "
     "example "
     "C4:7C:8D:6A:12:34"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, enabled: yes}}",
     "v.yaml:1:55: devices.cuff.enabled: \"yes\" is neither true nor false; write for example "
     "true"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, profiles: [blod-pressure]}}",
     "v.yaml:1:57: devices.cuff.profiles[1]: \"blod-pressure\" is not allowed here; did you "
     "mean \"blood-pressure\"?; write blood-pressure or body-temperature or weight or "
     "body-composition or heart-rate or glucose or glucose-continuous or pulse-oximetry"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, person: p-9}}",
     "v.yaml:1:54: devices.cuff.person: there is no \"p-9\" in people"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, slots: {1: p-9}}}",
     "v.yaml:1:57: devices.cuff.slots.1: there is no \"p-9\" in people"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, slots: {255: p-9}}}",
     "v.yaml:1:54: devices.cuff.slots: \"255\" is not a slot; slots are 0 to 254"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, slots: p-9}}",
     "v.yaml:1:53: devices.cuff.slots: must be a map of slots, not a text; write for example "
     "{1: p-4711}"},
    {"devices: {a: {address: C4:7C:8D:6A:12:34}, b: {address: c4:7c:8d:6a:12:34}}",
     "v.yaml:1:57: devices.b.address: is also the address of a at v.yaml:1:24"},
    {"time: {zone: Europe/Prag}",
     "v.yaml:1:14: time.zone: \"Europe/Prag\" is not a time zone of this system; write for "
     "example Europe/Prague"},
    {"time: {zone: ../../../etc/passwd}",
     "v.yaml:1:14: time.zone: \"../../../etc/passwd\" is not a time zone of this system; write "
     "for example Europe/Prague"},
    {"time: {set-device-clocks: always}",
     "v.yaml:1:27: time.set-device-clocks: \"always\" is not a number and a unit; write for "
     "example 30s (1s to 1d)"},
    {"bluetooth: {bus: session bus}",
     "v.yaml:1:18: bluetooth.bus: \"session bus\" is neither system nor a D-Bus address; write "
     "for example unix:path=/run/dbus/system_bus_socket"},
    {"bluetooth: {adapters: [hci0, usb]}",
     "v.yaml:1:30: bluetooth.adapters[2]: \"usb\" is neither an adapter's name nor its "
     "address; "
     "write for example hci0"},
    {"bluetooth: {signal-floor: -90}",
     "v.yaml:1:27: bluetooth.signal-floor: \"-90\" has no unit; write for example -95dBm "
     "(-110dBm to -30dBm)"},
    {"bluetooth: {pairing: {policy: passkeys}}",
     "v.yaml:1:31: bluetooth.pairing.policy: \"passkeys\" is not allowed here; did you mean "
     "\"passkey\"?; write just-works or passkey or never"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, passkey: 123456}}",
     "v.yaml:1:55: devices.cuff.passkey: a secret must not stand in the configuration; write "
     "{file: PATH} or {credential: NAME}"},
    {"bluetooth: {pairing: {policy: never}}\n"
     "devices: {cuff: {address: C4:7C:8D:6A:12:34, passkey: {file: /p}}}",
     "v.yaml:2:55: devices.cuff.passkey: is of no use with bluetooth.pairing.policy: never; write "
     "passkey or just-works there"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, expect-every: daily}}",
     "v.yaml:1:60: devices.cuff.expect-every: \"daily\" is not a number and a unit; write for "
     "example 24h (1m to 30d)"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, expect-every: 59s}}",
     "v.yaml:1:60: devices.cuff.expect-every: \"59s\" is out of range; write for example 24h (1m "
     "to 30d)"},
    {"devices: {cuff: {address: C4:7C:8D:6A:12:34, expect-every: 31d}}",
     "v.yaml:1:60: devices.cuff.expect-every: \"31d\" is out of range; write for example 24h (1m "
     "to 30d)"},
    {"hub: {id: my hub}",
     "v.yaml:1:11: hub.id: \"my hub\" is not an identifier of 1 to 64 characters A-Z a-z 0-9 . "
     "_ -; write for example hub-7f3a"},
    {"admit: {x: {profile: weight, until: tomorrow}}",
     "v.yaml:1:37: admit.x.until: \"tomorrow\" is not a UTC time; write for example "
     "2026-12-24T18:00:00Z"},
    {"admit: {x: {profile: weight, until: 2027-01-01T00:00:00Z}}",
     "v.yaml:1:37: admit.x.until: lies more than 30 days ahead"},
    {"admit: {x: {profile: weight, until: 2026-12-01T00:00:00Z, at-most: 51}}",
     "v.yaml:1:68: admit.x.at-most: \"51\" is out of range; write for example 1 (1 to 50)"},
    {"uplinks: {a: {}}",
     "v.yaml:1:14: uplinks.a.broker: is required; write for example "
     "mqtts://broker.example:8883"},
    {"uplinks: {a: {broker: broker.example}}",
     "v.yaml:1:23: uplinks.a.broker: \"broker.example\" does not begin with mqtts://, mqtt://, "
     "wss:// or ws://; write for example mqtts://broker.example:8883"},
    {"uplinks: {a: {broker: mqtt://broker.example}}",
     "v.yaml:1:23: uplinks.a.broker: mqtt to another host is not encrypted: use mqtts, or set "
     "allow-plaintext: true"},
    {"uplinks: {a: {broker: mqtt://127.evil.example}}",
     "v.yaml:1:23: uplinks.a.broker: mqtt to another host is not encrypted: use mqtts, or set "
     "allow-plaintext: true"},
    {"uplinks: {a: {broker: \"mqtts://u:geheim@b\"}}",
     "v.yaml:1:23: uplinks.a.broker: user and password do not belong into the URL; use the "
     "keys "
     "user and password"},
    {"uplinks: {a: {broker: \"mqtt://localhost:70000\"}}",
     "v.yaml:1:23: uplinks.a.broker: the port of the URL is not a number from 1 to 65535; "
     "write "
     "for example mqtts://broker.example:8883"},
    {"uplinks: {a: {broker: []}}",
     "v.yaml:1:23: uplinks.a.broker: has 0 entries; 1 to 4 are allowed"},
    {"uplinks: {a: {broker: mqtts://b.example}}",
     "v.yaml:1:14: uplinks.a.tls.ca: is required with mqtts; write a path, or system"},
    {"uplinks: {a: {broker: mqtts://localhost, tls: {ca: system, certificate: /c}}}",
     "v.yaml:1:73: uplinks.a.tls.certificate: needs key beside it"},
    {"uplinks: {a: {broker: mqtt://localhost, root: vitalgate/v1}}",
     "v.yaml:1:47: uplinks.a.root: \"vitalgate/v1\" is not a topic that contains {hub} once, "
     "without "
     "+ and # and without / at its ends; write for example vitalgate/v1/{hub}"},
    {"uplinks: {a: {broker: mqtt://localhost, user: u, password: geheim}}",
     "v.yaml:1:60: uplinks.a.password: a secret must not stand in the configuration; write "
     "{file: PATH} or {credential: NAME}"},
    {"uplinks: {a: {broker: mqtt://localhost, user: u, password: {fil: geheim}}}",
     "v.yaml:1:61: uplinks.a.password: unknown key \"fil\"; did you mean \"file\"?"},
    {"uplinks: {a: {broker: mqtt://localhost, user: u, password: {file: /a, credential: b}}}",
     "v.yaml:1:60: uplinks.a.password: must name one place; write {file: PATH} or {credential: "
     "NAME}"},
    {"uplinks: {a: {broker: mqtt://localhost, password: {file: /a}}}",
     "v.yaml:1:51: uplinks.a.password: needs user beside it"},
    {"uplinks: {a: {broker: mqtt://localhost, delivery: receipts}}",
     "v.yaml:1:51: uplinks.a.delivery: \"receipts\" is not allowed here; did you mean "
     "\"receipt\"?; "
     "write broker or receipt"},
    {"uplinks: {a: {broker: mqtt://localhost, receipt-timeout: 5m}}",
     "v.yaml:1:58: uplinks.a.receipt-timeout: needs delivery: receipt beside it"},
    {"uplinks: {a: {broker: mqtt://localhost, delivery: receipt, receipt-timeout: 8d}}",
     "v.yaml:1:77: uplinks.a.receipt-timeout: \"8d\" is out of range; write for example 15m "
     "(1m to 7d)"},
    {"commands: {accept: signed}",
     "v.yaml:1:20: commands.accept: signed needs a key in commands.keys; without one write "
     "accept: none"},
    {"commands: {accept: signed, keys: {k: {public-key: abc, kinds: all}}}",
     "v.yaml:1:51: commands.keys.k.public-key: \"abc\" is not a public key of 32 octets in "
     "base64 (44 characters); write for example 5Kq0mJ5S0m9b1cY2o3Tt4u5v6w7x8y9zABCDEFGHIJk="},
    {"log: {level: loud}",
     "v.yaml:1:14: log.level: \"loud\" is not allowed here; write error or warning or "
     "info or debug"},
    {"devices: {cuff: {address: \"C4:7C:8D:6A:12:34\", quirk: beurer-bm58}}",
     "v.yaml:1:55: devices.cuff.quirk: \"beurer-bm58\" is not allowed here; did you mean "
     "\"beurer-bm85\"?; write none or and-scale or and-device or taidoc-td1241 or indie-scale or "
     "philips-ear or beurer-bm85 or detecto-7550 or trailing-octets"},
    {"uplinks: {a: {broker: mqtts://b.example, tls: {ca: system, crl: /r}}}",
     "v.yaml:1:65: uplinks.a.tls.crl: needs tls.ca to be a file, not system"},
    {"hub: {id: h, location: \"a\\nb\"}",
     "v.yaml:1:24: hub.location: has a control character or a line end; remove it"},
};

}  // namespace

TEST_CASE("each mistake has its place and a sentence that says what is allowed") {
    for (const auto& [line, problem] : kMistakes) {
        CAPTURE(line);
        CHECK(problemsOf(with(std::string(line))) == problem);
    }
}

TEST_CASE("all mistakes are told at once, sorted by place, and no secret is repeated") {
    const auto problems = problemsOf(
        "hub: {id: hub-1}\n"
        "devices:\n"
        "  cuff:\n"
        "    adress: \"C4:7C:8D:6A:12:34\"\n"
        "store: {keep: 30}\n"
        "uplinks:\n"
        "  care: {broker: mqtt://localhost, user: u, password: geheim}\n"
        "store: {keep: 1d}\n");
    CHECK(problems ==
          "v.yaml:1:1: commands.accept: signed needs a key in commands.keys; without one write "
          "accept: none\n"
          "v.yaml:4:5: devices.cuff: unknown key \"adress\"; did you mean \"address\"?\n"
          "v.yaml:5:15: store.keep: \"30\" has no unit; write for example 30d (1h to 400d)\n"
          "v.yaml:7:55: uplinks.care.password: a secret must not stand in the configuration; write "
          "{file: PATH} or {credential: NAME}\n"
          "v.yaml:8:1: store: stands twice; the first is at v.yaml:5:1");
}

TEST_CASE("an empty file and a file that is no map are refused") {
    CHECK(problemsOf("") ==
          "v.yaml: is empty; it needs at least hub, uplinks, devices and commands");
    CHECK(problemsOf("# nothing\n") ==
          "v.yaml: is empty; it needs at least hub, uplinks, devices and commands");
    CHECK(problemsOf("- a\n") == "v.yaml:1:1: must be a map of keys, not a list");
    CHECK(problemsOf("text\n") == "v.yaml:1:1: must be a map of keys, not a text");
}

TEST_CASE("the files that the configuration names are checked when asked") {
    const testing::TempDir dir;
    const auto path = [&](const char* name) { return (dir.path() / name).string(); };
    write(path("open"), "secret\n", 0644);
    write(path("good"), "secret\n", 0640);
    auto options = unchecked();
    options.checkSecrets = true;
    options.credentialsDirectory = dir.path();
    const auto text = [&](const std::string& secret) {
        return with("uplinks: {a: {broker: mqtt://localhost, user: u, password: " + secret + "}}");
    };
    CHECK(problemsOf(text("{file: " + path("open") + "}"), options) ==
          fmt::format("v.yaml:1:60: uplinks.a.password: {0} is readable by others (0644); run: "
                      "chmod 600 {0}",
                      path("open")));
    CHECK(problemsOf(text("{file: " + path("open") + "}")).empty());
    CHECK(problemsOf(text("{file: " + path("none") + "}"), options) ==
          fmt::format("v.yaml:1:60: uplinks.a.password: {}: no such file", path("none")));
    CHECK(problemsOf(text("{file: " + dir.path().string() + "}"), options) ==
          fmt::format("v.yaml:1:60: uplinks.a.password: {} is not a regular file",
                      dir.path().string()));
    CHECK(problemsOf(text("{credential: nope}"), options) ==
          fmt::format("v.yaml:1:60: uplinks.a.password: {}: no such file", path("nope")));
    CHECK(problemsOf(text("{credential: good}"), options).empty());
    CHECK(problemsOf(
              with("uplinks: {a: {broker: mqtts://b.example, tls: {ca: " + path("nope") + "}}}"),
              options) ==
          fmt::format("v.yaml:1:52: uplinks.a.tls.ca: {}: no such file", path("nope")));
}

TEST_CASE("conf.d adds keys and never replaces one") {
    const testing::TempDir dir;
    const auto main = dir.path() / "v.yaml";
    std::filesystem::create_directory(dir.path() / "conf.d");
    write(main,
          "hub: {id: hub-1}\ncommands: {accept: none}\n"
          "devices: {cuff: {address: C4:7C:8D:6A:12:34}}\n");
    write(dir.path() / "conf.d/10.yaml", "devices: {strap: {address: F0:13:C3:55:66:77}}\n");
    write(dir.path() / "conf.d/20.yaml", "");
    write(dir.path() / "conf.d/30.txt", "not read");
    const auto config = load(main, unchecked());
    REQUIRE(config);
    CHECK(config->devices.size() == 2);

    write(dir.path() / "conf.d/20.yaml", "hub:\n  id: hub-2\ndevices:\n  strap: {label: x}\n");
    const auto twice = load(main, unchecked());
    REQUIRE_FALSE(twice);
    const auto in = [&](const char* name) { return (dir.path() / name).string(); };
    CHECK(twice.error().lines() == std::vector<std::string>{fmt::format(
                                       "{}:2:3: hub.id: stands twice; the first is at {}:1:7",
                                       in("conf.d/20.yaml"), main.string())});
}

TEST_CASE("a missing file and a folder are refused") {
    const testing::TempDir dir;
    const auto missing = (dir.path() / "none.yaml").string();
    const auto result = load(missing, unchecked());
    REQUIRE_FALSE(result);
    CHECK(result.error().lines() == std::vector<std::string>{missing + ": no such file"});
    // What is there and cannot be reached is not missing.
    const auto loop = dir.path() / "loop.yaml";
    std::filesystem::create_symlink(loop, loop);
    CHECK(load(loop, unchecked()).error().lines() ==
          std::vector<std::string>{loop.string() +
                                   ": cannot be read: Too many levels of symbolic links"});
}

TEST_CASE("without hub.id the hub is called after its machine, always alike") {
    const testing::TempDir dir;
    auto options = unchecked();
    options.machineIdFile = (dir.path() / "machine-id").string();
    write(options.machineIdFile, "0123456789abcdef0123456789abcdef\n");
    const auto result = loadText("commands: {accept: none}\n", "v.yaml", options);
    REQUIRE(result);
    CHECK(result->hub.id == "hub-3d54d974");
    CHECK(defaultHubId("") != defaultHubId("0"));

    const auto refused = fmt::format(
        "v.yaml:1:1: hub.id: is required, because there is no id in {}", options.machineIdFile);
    write(options.machineIdFile, "uninitialized\n");
    CHECK(problemsOf("commands: {accept: none}\n", options) == refused);
    options.machineIdFile = (dir.path() / "none").string();
    CHECK(problemsOf("commands: {accept: none}\n", options) ==
          fmt::format("v.yaml:1:1: hub.id: is required, because there is no id in {}",
                      options.machineIdFile));
}

TEST_CASE("a secret is read only when asked, without its line end") {
    const testing::TempDir dir;
    const auto path = (dir.path() / "pw").string();
    const Secret secret{Secret::Kind::file, path};
    write(path, "geheim\n");
    CHECK(asText(*readSecret(secret, {})) == "geheim");
    write(path, "geheim\r\n");
    CHECK(asText(*readSecret(secret, {})) == "geheim");
    CHECK(asText(*readSecret({Secret::Kind::credential, "pw"}, dir.path())) == "geheim");
    CHECK(
        readSecret({Secret::Kind::credential, "pw"}, {}).error().message ==
        "credential pw: systemd gave none; add LoadCredential=pw:PATH to the unit, or write {file: "
        "PATH}");
    write(path, "\n");
    CHECK(readSecret(secret, {}).error().message == path + " is empty");
    write(path, std::string(70'000, 'x'));
    CHECK(readSecret(secret, {}).error().message == path + " is larger than 64 KiB");
    write(path, "geheim", 0604);
    CHECK(readSecret(secret, {}).error().message ==
          fmt::format("{0} is readable by others (0604); run: chmod 600 {0}", path));
}
