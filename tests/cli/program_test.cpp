#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <thread>

#include "gateway/base/time.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/uplink/connector.hpp"
#include "gateway/uplink/paho_transport.hpp"
#include "tests/support/mosquitto.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temp_dir.hpp"
#include "vitalgate/v1/hub.pb.h"
#include "vitalgate/v1/stream.pb.h"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

struct Outcome {
    int status = -1;
    std::string out;
    std::string err;
};

/// Runs the real program to its end, in the zone of Prague.
Outcome vitalgateProgram(const std::string& arguments) {
    const TempDir dir;
    const auto command =
        fmt::format("cd {0} && TZ=Europe/Prague {1}/vitalgate {2} >{0}/out 2>{0}/err",
                    dir.path().string(), programFolder(), arguments);
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readFile(dir / "out"),
            readFile(dir / "err")};
}

std::string configuration(std::uint16_t port, const std::string& more = "") {
    return fmt::format(
        "hub: {{id: hub-1}}\ncommands: {{accept: none}}\n"
        "people: {{p-4711: {{label: Anna}}}}\n"
        "devices:\n  cuff: {{address: C4:7C:8D:6A:12:34, label: Cuff, person: p-4711}}\n"
        "  scale: {{address: E8:9E:B4:0A:0B:0C}}\n"
        "  old: {{address: E8:9E:B4:0A:0B:0D, enabled: false}}\n"
        "uplinks: {{care: {{broker: mqtt://127.0.0.1:{}{}}}}}\n",
        port, more);
}

v1::Batch weightOf(const std::string& device, std::uint64_t sequence) {
    v1::Batch batch;
    batch.set_hub("hub-1");
    batch.set_stream("abcdefghijklm");
    auto& record = *batch.add_records();
    record.set_sequence(sequence);
    auto& reading = *record.mutable_reading();
    reading.set_device(device);
    reading.set_kind("weight");
    if (device == "cuff") reading.set_subject("p-4711");
    const auto when = *parseUtc("2026-11-23T07:14:05Z");
    toTimestamp(when, *reading.mutable_measured());
    toTimestamp(when, *reading.mutable_received()->mutable_time());
    auto& weight = *reading.add_observations();
    weight.set_code("MDC_MASS_BODY_ACTUAL");
    weight.set_value(72.5);
    weight.set_decimals(2);
    weight.set_unit("kg");
    return batch;
}

/// A hub's side of the broker, good for publishing.
class Publisher {
  public:
    explicit Publisher(std::uint16_t port)
        : connector_(settings(port), uplink::pahoTransports(thread_, clock_), clock_, random_, {}) {
        uplink::ConnectorEvents events;
        events.prepareWill = [](const auto& begin) { begin(std::nullopt); };
        events.connected = [](const uplink::MqttConnected&) {};
        events.lost = events.failed = [](const Error&) {};
        events.acknowledged = [](std::uint64_t, int) {};
        connector_.start(std::move(events));
        REQUIRE(runUntil(loop_, [this] { return connector_.isConnected(); }));
    }
    ~Publisher() {
        connector_.stop();
        CHECK(thread_.finish(std::chrono::seconds{60}));
    }

    void publish(const std::string& topic, const std::string& payload, bool retained = false) {
        uplink::MqttMessage message;
        message.topic = "vitalgate/v1/hub-1/" + topic;
        message.payload = payload;
        message.retained = retained;
        connector_.transport().publish(++number_, std::move(message));
        runUntil(loop_, [] { return false; }, std::chrono::milliseconds{30});
    }

  private:
    static uplink::BrokerSettings settings(std::uint16_t port) {
        uplink::BrokerSettings settings;
        settings.brokers = {*BrokerAddress::parse(fmt::format("mqtt://127.0.0.1:{}", port))};
        settings.clientId = "hub-1";
        return settings;
    }

    asio::io_context loop_;
    SystemClock clock_{loop_};
    SystemRandom random_;
    uplink::UplinkThread thread_;
    uplink::Connector connector_;
    std::uint64_t number_ = 0;
};

/// Runs `vitalgate watch` while `publish` runs again and again beside it.
template <class Publish>
Outcome watchWhile(const std::string& arguments, Publish publish) {
    Outcome outcome;
    std::atomic<bool> ended = false;
    std::thread program([&] {
        outcome = vitalgateProgram(arguments);
        ended = true;
    });
    while (!ended) publish();
    program.join();
    return outcome;
}

}  // namespace

TEST_CASE("check-config says in one line that a file is valid") {
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(1883));
    const auto checked = vitalgateProgram("check-config " + (dir / "v.yaml"));
    CHECK(checked.status == 0);
    CHECK(checked.out == (dir / "v.yaml") + ": valid, 3 devices, 1 uplink\n");
    CHECK(checked.err.empty());
    const auto named = vitalgateProgram("--config " + (dir / "v.yaml") + " check-config");
    CHECK(named.out == checked.out);

    writeFile(dir / "v.yaml",
              configuration(1883) + "store: {key: {file: /nowhere/key}}\n" +
                  "admit: {spare: {profile: weight, until: 2020-01-01T00:00:00Z}}\n");
    CHECK(vitalgateProgram("check-config " + (dir / "v.yaml")).status == 1);
    const auto ended = vitalgateProgram("check-config --without-files " + (dir / "v.yaml"));
    CHECK(ended.status == 0);
    CHECK(ended.err == (dir / "v.yaml") + ": admit.spare: has ended; it admits nothing any more\n");
}

TEST_CASE("check-config names every mistake and counts them") {
    const TempDir dir;
    const auto file = dir / "v.yaml";
    writeFile(file,
              "hub: {id: h}\ndevices:\n  cuff:\n    adress: x\nstore: {keep: 30}\n"
              "commands: {accept: none}\n");
    const auto checked = vitalgateProgram("check-config " + file);
    CHECK(checked.status == 1);
    CHECK(checked.out.empty());
    CHECK(checked.err ==
          fmt::format("{0}:4:5: devices.cuff: unknown key \"adress\"; did you mean \"address\"?\n"
                      "{0}:5:15: store.keep: \"30\" has no unit; write for example 30d (1h to "
                      "400d)\n2 errors\n",
                      file));
    const auto missing = vitalgateProgram("check-config none.yaml");
    CHECK(missing.status == 1);
    CHECK(missing.err == "none.yaml: no such file\n1 error\n");
}

TEST_CASE("decode gives one line of JSON, or says why there is none") {
    const auto decoded = vitalgateProgram("decode 2A35 1680005200610047000100");
    CHECK(decoded.status == 1);
    const auto reading = vitalgateProgram("decode 2a35 14-80-00-52-00-61-00-47-00-00-00");
    CHECK(reading.status == 0);
    CHECK(reading.out.starts_with("{\"kind\":\"blood-pressure\""));
    CHECK(reading.out.find("\"value\":128") != std::string::npos);
    CHECK(reading.out.ends_with("}\n"));
    const auto cut = vitalgateProgram("decode 2A35 1680");
    CHECK(cut.status == 1);
    CHECK(cut.out.empty());
    CHECK(cut.err == "2A35: systolic: needs octets 1 to 2, the value has only 2 octets\n");
    const auto notHex = vitalgateProgram("decode 2A35 xyz");
    CHECK(notHex.status == 1);
    CHECK(notHex.err.starts_with("value: not hexadecimal at character 1"));
    CHECK(vitalgateProgram("decode nonsense 00").status == 2);
}

TEST_CASE("decode explains which octets mean what, as far as they can be read") {
    const auto whole = vitalgateProgram("decode 2A1C 006f0100ff --explain");
    CHECK(whole.status == 0);
    CHECK(whole.out.starts_with("{\"kind\":\"body-temperature\""));
    CHECK(whole.out.ends_with(
        "0       00               flags\n1-4     6f0100ff         temperature\n"));
    const auto cut = vitalgateProgram("decode 2A35 168000 --explain");
    CHECK(cut.status == 1);
    CHECK(cut.out == "0       16               flags\n1-2     8000             systolic\n");
    CHECK(cut.err == "2A35: diastolic: needs octets 3 to 4, the value has only 3 octets\n");
}

TEST_CASE("decode takes the deviations of a model, by its name or that of its row") {
    // 68.8 lb in tenths.
    const std::string pounds = "decode 2A9D 01b002 --quirks ";
    for (const auto* name : {"and-scale", "and-sc", "AND-SCALE", "UC-352BLE", "'A&D uc-352ble'"}) {
        CAPTURE(std::string(name));
        const auto decoded = vitalgateProgram(pounds + name);
        CHECK(decoded.status == 0);
        CHECK(decoded.out.find("68.8") != std::string::npos);
    }
    for (const auto* strict : {"none", "UA-651BLE"}) {  // the second differs in the conversation
        CHECK(vitalgateProgram(pounds + strict).out.find("6.88") != std::string::npos);
    }
    CHECK(vitalgateProgram("decode 2A9D 01b002").out.find("6.88") != std::string::npos);
    CHECK(vitalgateProgram("decode 2A35 16800052006100ea070b17080e050047020004 --quirks BM85")
              .out.find("\"value\":71") != std::string::npos);
    const auto unknown = vitalgateProgram(pounds + "BM58");
    CHECK(unknown.status == 2);
    CHECK(unknown.out.empty());
    CHECK(unknown.err ==
          "--quirks: \"BM58\" is no row of the quirk table, and no model in it; write one of "
          "and-scale (352BLE), and-device (651BLE), taidoc-td1241 (TAIDOC TD1241), indie-scale "
          "(51-102), philips-ear (Philips ear thermometer), philips-ear (SCH740), beurer-bm85 "
          "(Beurer BM85), detecto-7550 (Detecto 7550), trailing-octets\n");
    const auto several = vitalgateProgram(pounds + "and-");
    CHECK(several.status == 2);
    CHECK(several.err.starts_with("--quirks: \"and-\" can be more than one row"));
}

TEST_CASE("decode says what is wrong with a feature value, and where") {
    const auto problem = [](std::string_view arguments) {
        const auto decoded = vitalgateProgram("decode " + std::string(arguments));
        CHECK(decoded.status == 1);
        CHECK(decoded.out.empty());
        return decoded.err;
    };
    CHECK(problem("2AA7 060078000500 --feature 0010") ==
          "--feature: 2AA8: feature: needs octets 0 to 2, the value has only 2 octets\n");
    CHECK(problem("2AA7 060078000500 --feature 001000590000") ==
          "--feature: 2AA8: E2E-CRC: octets 4 to 5 are not the CRC of the others\n");
    CHECK(problem("2A9D 004038 --feature 9f0000") ==
          "--feature: 2A9E: feature: needs octets 0 to 3, the value has only 3 octets\n");
    CHECK(
        problem("2A9D 004038 --feature ''").starts_with("--feature: 2A9E: feature: needs octets"));
    CHECK(problem("2A9D 004038 --feature xy") ==
          "--feature: not hexadecimal at character 1: write two digits 0-9 or a-f an octet\n");
    CHECK(problem("2A9D 004038 --feature -").starts_with("--feature: has no octets"));
    CHECK(problem("2A19 50 --feature 00") ==
          "--feature: no service of 2A19 has a feature characteristic\n");
    const auto site = vitalgateProgram("decode 2A1C 006f0100ff --feature 03");
    CHECK(site.status == 0);
    CHECK(site.out.find("MDC_TEMP_EAR") != std::string::npos);
}

TEST_CASE("decode prints a word where there is no number, and the device's digits where there is") {
    CHECK(vitalgateProgram("decode 2A0F 80ff").out ==
          "{\"timeZoneMin\":\"unknown\",\"daylightSavingMin\":\"unknown\"}\n");
    CHECK(vitalgateProgram("decode 2A9A ff").out == "{\"userIndex\":\"unknown\"}\n");
    CHECK(vitalgateProgram("decode 2AAC 09ff07").out ==
          "{\"operation\":\"patient-high\",\"limitMgDl\":\"not-a-number\"}\n");
    CHECK(vitalgateProgram("decode 2AAC 0932f0").out ==
          "{\"operation\":\"patient-high\",\"limitMgDl\":5.0}\n");
    CHECK(vitalgateProgram("decode 2A37 0648").out.starts_with("{\"sensorContact\":true,"));
}

TEST_CASE("decode takes octets as people copy them") {
    const auto plain = vitalgateProgram("decode 2A1C 006f0100ff").out;
    CHECK(plain.find("36.7") != std::string::npos);
    for (const auto* copied :
         {"0x006f0100ff", "0X006F0100FF", "00 6f 01 00 ff", "0x00 0x6f 0x01 0x00 0xff",
          "'00 6f 01 00 ff'", "'0x00 0x6f' 0100ff", "00:6f:01:00:ff", "00-6f 01-00 ff"}) {
        CAPTURE(std::string(copied));
        const auto decoded = vitalgateProgram("decode 2A1C " + std::string(copied));
        CHECK(decoded.status == 0);
        CHECK(decoded.out == plain);
    }
    CHECK(vitalgateProgram("decode 2A9D 00 40 38 --feature 0x1f000000")
              .out.find("\"value\":72,\"unit\":\"kg\",\"decimals\":1") != std::string::npos);
    CHECK(vitalgateProgram("decode 2A24 ''").out == "{\"model\":\"\"}\n");
    for (const auto* nothing : {"-", "- -", "0x", ":"}) {
        CAPTURE(std::string(nothing));
        const auto none = vitalgateProgram("decode 2A24 " + std::string(nothing));
        CHECK(none.status == 1);
        CHECK(none.out.empty());
        CHECK(none.err == "value: has no octets: write two digits 0-9 or a-f for each\n");
    }
    CHECK(vitalgateProgram("decode 2A1C 0x00 xyz")
              .err.starts_with("value: not hexadecimal at character 6"));
}

TEST_CASE("config explain gives a key, a section or the whole table") {
    const auto keep = vitalgateProgram("config explain store.keep");
    CHECK(keep.status == 0);
    CHECK(keep.out ==
          "store.keep\n    History after acknowledgement, and the outage to be ready for.\n"
          "    duration, 1h to 400d; default 30d\n");
    const auto all = vitalgateProgram("config explain");
    CHECK(all.out.starts_with("| key | type | default |"));
    const auto unknown = vitalgateProgram("config explain store.kep");
    CHECK(unknown.status == 1);
    CHECK(unknown.err == "there is no key \"store.kep\"; did you mean \"store.keep\"?\n");
}

TEST_CASE("wrong usage is status 2, help and version are status 0") {
    CHECK(vitalgateProgram("").status == 2);
    CHECK(vitalgateProgram("nonsense").status == 2);
    CHECK(vitalgateProgram("decode").status == 2);
    const auto timeout = vitalgateProgram("watch --timeout 5");
    CHECK(timeout.status == 2);
    CHECK(timeout.err.find("has no unit; write for example 30s, 5m or 1h") != std::string::npos);
    CHECK(vitalgateProgram("check-config --help").out.find("{false}") == std::string::npos);
    CHECK(vitalgateProgram("--help").status == 0);
    const auto version = vitalgateProgram("--version");
    CHECK(version.status == 0);
    CHECK(version.out == "vitalgate " VITALGATE_VERSION "\n");
}

TEST_CASE("an answer that cannot be written is no success") {
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(1883));
    const auto full =
        vitalgateProgram("check-config " + (dir / "v.yaml") + " >/dev/full 2>e; exit $?");
    CHECK(full.status == 1);
}

TEST_CASE("watch ends as soon as every enabled device has delivered") {
    Mosquitto broker;
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(broker.port()));
    Publisher hub(broker.port());
    v1::HubStatus online;
    online.set_hub("hub-1");
    online.set_state(v1::HUB_ONLINE);
    hub.publish("status", online.SerializeAsString(), true);
    const auto watched =
        watchWhile("--config " + (dir / "v.yaml") + " watch --until-all --timeout 30s", [&] {
            hub.publish("readings/cuff/weight", weightOf("cuff", 1).SerializeAsString());
            hub.publish("batches", weightOf("scale", 2).SerializeAsString());
        });
    CHECK(watched.err.empty());
    CHECK(watched.status == 0);
    CHECK(watched.out.find("hub-1 is online\n") != std::string::npos);
    const std::string cuffLine =
        "08:14:05              Cuff    weight            Anna    72.50 kg\n";
    const auto first = watched.out.find(cuffLine);
    CAPTURE(watched.out);
    CHECK(first != std::string::npos);
    CHECK(watched.out.find(cuffLine, first + 1) == std::string::npos);
    CHECK(watched.out.find("scale   weight            –       72.50 kg\n") != std::string::npos);
}

TEST_CASE("watch --json prints protobuf messages and nothing else") {
    Mosquitto broker;
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(broker.port()));
    Publisher hub(broker.port());
    const auto watched = watchWhile(
        "--json --config " + (dir / "v.yaml") + " watch --until-each cuff --timeout 30s",
        [&] { hub.publish("readings/cuff/weight", weightOf("cuff", 1).SerializeAsString()); });
    CHECK(watched.status == 0);
    CHECK(watched.out.starts_with(
        "{\"hub\":\"hub-1\",\"stream\":\"abcdefghijklm\",\"records\":[{\"sequence\":\"1\","));
    CHECK(std::ranges::count(watched.out, '\n') == 1);
}

TEST_CASE("watch names the devices that have not delivered in time") {
    Mosquitto broker;
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(broker.port()));
    Publisher hub(broker.port());
    const auto watched = watchWhile(
        "--config " + (dir / "v.yaml") + " watch --until-all --timeout 10s",
        [&] { hub.publish("readings/cuff/weight", weightOf("cuff", 1).SerializeAsString()); });
    CHECK(watched.status == 5);
    CHECK(watched.err == "no reading has come from: scale\n");
    const auto named = vitalgateProgram("--config " + (dir / "v.yaml") +
                                        " watch --until-each cuff --timeout 100ms");
    CHECK(named.err == "no reading has come from: Cuff (cuff)\n");
}

TEST_CASE("watch without an end stops at its time-out with status 0") {
    Mosquitto broker;
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(broker.port()));
    const auto watched =
        vitalgateProgram("--config " + (dir / "v.yaml") + " watch --timeout 500ms");
    CHECK(watched.status == 0);
    CHECK(watched.err.empty());
}

TEST_CASE("watch says when the broker cannot be reached or refuses") {
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(freePort()));
    const auto nobody = vitalgateProgram("--config " + (dir / "v.yaml") + " watch --timeout 20s");
    CHECK(nobody.status == 3);
    CHECK(nobody.err.find("refused") != std::string::npos);

    Mosquitto broker("allow_anonymous false\n");
    writeFile(dir / "v.yaml", configuration(broker.port()));
    const auto refused = vitalgateProgram("--config " + (dir / "v.yaml") + " watch --timeout 20s");
    CHECK(refused.status == 4);
    CHECK_FALSE(refused.err.empty());
}

TEST_CASE("watch refuses what the configuration does not have") {
    const TempDir dir;
    writeFile(dir / "v.yaml", configuration(1883));
    const auto watch = "--config " + (dir / "v.yaml") + " watch ";
    const auto device = vitalgateProgram(watch + "--until-each nobody");
    CHECK(device.status == 2);
    CHECK(device.err == "there is no device nobody in the configuration\n");
    const auto uplink = vitalgateProgram(watch + "--uplink other");
    CHECK(uplink.status == 2);
    CHECK(uplink.err == "there is no uplink other in the configuration\n");
    writeFile(dir / "v.yaml",
              configuration(1883, fmt::format(", user: u, password: {{file: {}}}", dir / "pw")));
    const auto secret = vitalgateProgram(watch);
    CHECK(secret.status == 4);
    CHECK(secret.err == fmt::format("uplink care: password: {}: no such file\n", dir / "pw"));
}
