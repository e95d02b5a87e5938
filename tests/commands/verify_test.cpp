#include "gateway/commands/verify.hpp"

#include <doctest/doctest.h>

#include <random>

#include "gateway/commands/kinds.hpp"
#include "tests/commands/envelope.hpp"

using namespace vitalgate;
using namespace vitalgate::commands;
using namespace vitalgate::commands::testing;
using namespace std::chrono_literals;

namespace {

const Moment kMoment{kNow, ClockTrust::synchronised, 1, SteadyTime{1h}};

/// One request and how it must end; `change` makes it wrong in one place.
struct Row {
    const char* what;
    v1::CommandRefusal refusal;
    std::function<void(v1::Command&)> change;
};

Verdict verdictOf(const v1::Command& command, const Policy& rules = policy()) {
    return verify(rules, request(command), kMoment);
}

/// Fields 1 to n of a message of this version, and one more that it does not know.
std::string withUnknownField(const std::string& bytes, int number) {
    std::string more = bytes;
    const auto tag = static_cast<unsigned>(number) << 3U;  // a varint
    more += static_cast<char>((tag & 0x7FU) | 0x80U);
    more += static_cast<char>(tag >> 7U);
    more += '\1';
    return more;
}

Verdict verdictOfBytes(const std::string& command) {
    v1::SignedCommand envelope;
    envelope.set_command(command);
    envelope.set_key_id("care");
    envelope.set_signature(asText(crypto::sign(seed(7), asBytes(command))));
    return verify(policy(), request(envelope.SerializeAsString()), kMoment);
}

}  // namespace

TEST_CASE("a command that keeps all rules is accepted, and all the answer needs is known") {
    REQUIRE(crypto::initialise());
    auto command = getStatus();
    command.set_correlation("ticket 12");
    command.set_response_topic("vitalgate/v1/hub-7f3a/results/desk-1");
    const auto verdict = verdictOf(command);
    CHECK(verdict.state == v1::COMMAND_ACCEPTED);
    CHECK(verdict.authentic);
    CHECK(verdict.id == kId);
    CHECK(verdict.kind == "get-status");
    CHECK(verdict.keyId == "care");
    CHECK(verdict.correlation == "ticket 12");
    CHECK(verdict.responseTopic == "vitalgate/v1/hub-7f3a/results/desk-1");
    CHECK(verdict.notAfter == kNow + 9min);
    CHECK(verdict.digest.size() == 32);
}

TEST_CASE("each single fault of a signed command refuses it under its own name") {
    const std::vector<Row> rows{
        {"no id", v1::REFUSAL_MALFORMED, [](auto& c) { c.clear_id(); }},
        {"not a UUID", v1::REFUSAL_MALFORMED, [](auto& c) { c.set_id("42"); }},
        {"UUID of version 4", v1::REFUSAL_MALFORMED,
         [](auto& c) { c.set_id("0190b0c1-8a5e-4c3d-9f42-1a2b3c4d5e6f"); }},
        {"UUID of another variant", v1::REFUSAL_MALFORMED,
         [](auto& c) { c.set_id("0190b0c1-8a5e-7c3d-1f42-1a2b3c4d5e6f"); }},
        {"UUID with a letter too far", v1::REFUSAL_MALFORMED,
         [](auto& c) { c.set_id("0190b0c1-8a5e-7c3d-9f42-1a2b3c4d5e6g"); }},
        {"device that is no identifier", v1::REFUSAL_MALFORMED,
         [](auto& c) { c.set_device("cuff/#"); }},
        {"correlation too long", v1::REFUSAL_OUT_OF_RANGE,
         [](auto& c) { c.set_correlation(std::string(1025, 'x')); }},
        {"no hub", v1::REFUSAL_WRONG_HUB, [](auto& c) { c.clear_hub(); }},
        {"another hub", v1::REFUSAL_WRONG_HUB, [](auto& c) { c.set_hub("hub-7f3b"); }},
        {"no kind", v1::REFUSAL_UNKNOWN_KIND, [](auto& c) { c.clear_kind(); }},
        {"hub command with a device", v1::REFUSAL_OUT_OF_RANGE,
         [](auto& c) { c.set_device("cuff"); }},
        {"device command without one", v1::REFUSAL_OUT_OF_RANGE,
         [](auto& c) { c.mutable_set_clock(); }},
        {"no issued_at", v1::REFUSAL_MALFORMED, [](auto& c) { c.clear_issued_at(); }},
        {"no not_after", v1::REFUSAL_MALFORMED, [](auto& c) { c.clear_not_after(); }},
        {"issued_at before 1970", v1::REFUSAL_OUT_OF_RANGE,
         [](auto& c) { c.mutable_issued_at()->set_seconds(-1); }},
        {"not_after beyond arithmetic", v1::REFUSAL_OUT_OF_RANGE,
         [](auto& c) { c.mutable_not_after()->set_seconds(INT64_MAX); }},
        {"nanoseconds out of range", v1::REFUSAL_OUT_OF_RANGE,
         [](auto& c) { c.mutable_not_after()->set_nanos(1'000'000'000); }},
        {"ends before it begins", v1::REFUSAL_OUT_OF_RANGE,
         [](auto& c) { toTimestamp(kNow - 2min, *c.mutable_not_after()); }},
        {"valid too long", v1::REFUSAL_VALID_TOO_LONG,
         [](auto& c) { toTimestamp(kNow + std::chrono::days{7}, *c.mutable_not_after()); }},
        {"not yet valid", v1::REFUSAL_NOT_YET_VALID,
         [](auto& c) { toTimestamp(kNow + 5min + 1s, *c.mutable_issued_at()); }},
    };
    REQUIRE(crypto::initialise());
    for (const auto& row : rows) {
        CAPTURE(row.what);
        auto command = getStatus();
        row.change(command);
        const auto verdict = verdictOf(command);
        CHECK(verdict.state == v1::COMMAND_REFUSED);
        CHECK(v1::CommandRefusal_Name(verdict.refusal) == v1::CommandRefusal_Name(row.refusal));
        CHECK_FALSE(verdict.text.empty());
    }
}

TEST_CASE("an expired command is expired to the second, not refused") {
    REQUIRE(crypto::initialise());
    auto command = getStatus();
    toTimestamp(kNow, *command.mutable_not_after());
    CHECK(verdictOf(command).state == v1::COMMAND_ACCEPTED);
    toTimestamp(kNow - 1ms, *command.mutable_not_after());
    const auto verdict = verdictOf(command);
    CHECK(verdict.state == v1::COMMAND_EXPIRED);
    CHECK(verdict.refusal == v1::REFUSAL_UNSPECIFIED);
}

TEST_CASE("who has no valid signature is refused, and told nothing about permissions") {
    REQUIRE(crypto::initialise());
    auto unsignedCommand = sign(getStatus());
    unsignedCommand.clear_signature();
    CHECK(verify(policy(), request(unsignedCommand.SerializeAsString()), kMoment).refusal ==
          v1::REFUSAL_UNSIGNED);
    CHECK(verify(policy(), request(sign(getStatus(), "other").SerializeAsString()), kMoment)
              .refusal == v1::REFUSAL_UNKNOWN_KEY);
    auto wrongKey = getStatus();
    wrongKey.set_hub("hub-of-somebody-else");
    const auto verdict =
        verify(policy(), request(sign(wrongKey, "care", 8).SerializeAsString()), kMoment);
    CHECK(verdict.refusal == v1::REFUSAL_BAD_SIGNATURE);
    CHECK_FALSE(verdict.authentic);
}

TEST_CASE("a retained command is refused although its signature is good") {
    REQUIRE(crypto::initialise());
    auto retained = request(getStatus());
    retained.retained = true;
    CHECK(verify(policy(), retained, kMoment).refusal == v1::REFUSAL_RETAINED);
}

TEST_CASE("a request above 64 KiB is refused unread") {
    CHECK(verify(policy(), request(std::string(kLargestRequest + 1, '\n')), kMoment).refusal ==
          v1::REFUSAL_TOO_LARGE);
}

TEST_CASE("what is no command at all is malformed and has no id to answer to") {
    v1::SignedCommand envelope;
    envelope.set_command("\xff\xff\xff");
    const std::string nested(20000, '\x0b');  // groups in groups
    for (const auto& payload : {std::string{}, std::string{"{\"command\":\"get-status\"}"},
                                std::string(1000, '\xff'), nested, envelope.SerializeAsString()}) {
        const auto verdict = verify(policy(), request(payload), kMoment);
        CHECK(verdict.state == v1::COMMAND_REFUSED);
        CHECK(verdict.refusal == v1::REFUSAL_MALFORMED);
        CHECK(verdict.id.empty());
    }
}

TEST_CASE("a field, a kind or an enum number of a later version refuses the command") {
    REQUIRE(crypto::initialise());
    const auto known = getStatus().SerializeAsString();
    CHECK(verdictOfBytes(known).state == v1::COMMAND_ACCEPTED);
    CHECK(verdictOfBytes(withUnknownField(known, 15)).refusal == v1::REFUSAL_UNKNOWN_FIELD);
    auto without = getStatus();
    without.clear_kind();
    CHECK(verdictOfBytes(withUnknownField(without.SerializeAsString(), 60)).refusal ==
          v1::REFUSAL_UNKNOWN_KIND);
    CHECK(verdictOfBytes(withUnknownField(without.SerializeAsString(), 91)).refusal ==
          v1::REFUSAL_NEVER);
    auto nested = getStatus();
    nested.mutable_scan()
        ->GetReflection()
        ->MutableUnknownFields(nested.mutable_scan())
        ->AddVarint(9, 1);
    CHECK(verdictOf(nested).refusal == v1::REFUSAL_UNKNOWN_FIELD);
    auto envelope = sign(getStatus());
    envelope.GetReflection()->MutableUnknownFields(&envelope)->AddVarint(9, 1);
    CHECK(verify(policy(), request(envelope.SerializeAsString()), kMoment).refusal ==
          v1::REFUSAL_UNKNOWN_FIELD);
}

TEST_CASE("a response topic lies below the results topic or the command is refused") {
    REQUIRE(crypto::initialise());
    const std::string root = "vitalgate/v1/hub-7f3a/results";
    for (const auto& topic :
         {std::string{"elsewhere"}, root, root + "/", root + "x/y", root + "/+", root + "/#",
          root + "/a b", root + "/a//b", root + "/a/", root + "/\x7f", std::string{"$SYS/x"},
          root + "/" + std::string(256, 'x'), root + "/" + std::string(1, '\0')}) {
        CAPTURE(topic);
        auto command = getStatus();
        command.set_response_topic(topic);
        const auto verdict = verdictOf(command);
        CHECK(verdict.refusal == v1::REFUSAL_RESPONSE_TOPIC);
        CHECK(verdict.responseTopic.empty());
    }
}

TEST_CASE("response topic and correlation of the message win over the transport's") {
    REQUIRE(crypto::initialise());
    auto plain = request(getStatus());
    plain.responseTopic = "vitalgate/v1/hub-7f3a/results/transport";
    plain.correlation = "transport";
    auto verdict = verify(policy(), plain, kMoment);
    CHECK(verdict.responseTopic == "vitalgate/v1/hub-7f3a/results/transport");
    CHECK(verdict.correlation == "transport");

    auto command = getStatus();
    command.set_response_topic("vitalgate/v1/hub-7f3a/results/message");
    command.set_correlation("message");
    plain.payload = request(command).payload;
    verdict = verify(policy(), plain, kMoment);
    CHECK(verdict.responseTopic == "vitalgate/v1/hub-7f3a/results/message");
    CHECK(verdict.correlation == "message");
}

TEST_CASE("a key is held to its kinds and devices") {
    REQUIRE(crypto::initialise());
    auto rules = policy();
    rules.keys["care"].kinds = {"get-status", "set-clock"};
    rules.keys["care"].devices = {"cuff"};
    auto command = getStatus();
    CHECK(verdictOf(command, rules).state == v1::COMMAND_ACCEPTED);
    command.mutable_list_devices();
    CHECK(verdictOf(command, rules).refusal == v1::REFUSAL_KIND_NOT_PERMITTED);
    command.mutable_set_clock();
    command.set_device("cuff");
    CHECK(verdictOf(command, rules).state == v1::COMMAND_ACCEPTED);
    command.set_device("scale");
    CHECK(verdictOf(command, rules).refusal == v1::REFUSAL_DEVICE_NOT_PERMITTED);
}

TEST_CASE("\"all\" leaves out what must be named, and nothing else") {
    REQUIRE(crypto::initialise());
    const std::set<std::string> named{"clear-records",   "write-characteristic", "calibrate",
                                      "set-alert-limit", "forget-device",        "control-fitness"};
    const auto* kinds = v1::Command::descriptor()->FindOneofByName("kind");
    for (int i = 0; i < kinds->field_count(); ++i) {
        auto command = getStatus();
        command.GetReflection()->MutableMessage(&command, kinds->field(i));
        const auto word = kindWord(command);
        CAPTURE(word);
        REQUIRE(findKind(word) != nullptr);
        if (!findKind(word)->forHub) command.set_device("cuff");
        const auto verdict = verdictOf(command);
        CHECK((verdict.state == v1::COMMAND_ACCEPTED) == !named.contains(word));
        auto rules = policy();
        rules.keys["care"].kinds = {word};
        CHECK(verdictOf(command, rules).state == v1::COMMAND_ACCEPTED);
    }
}

TEST_CASE("a kind that this hub cannot do is refused as such, whatever its clock says") {
    REQUIRE(crypto::initialise());
    auto rules = policy();
    rules.supported = {"get-status"};
    auto command = getStatus();
    command.mutable_restart();
    const Moment unset{kNow, ClockTrust::unsynchronised, 1, SteadyTime{1min}};
    CHECK(verify(rules, request(command), unset).refusal == v1::REFUSAL_NOT_SUPPORTED);
    CHECK(verify(rules, request(getStatus()), unset).state == v1::COMMAND_ACCEPTED);
}

TEST_CASE("without a trusted clock only what changes nothing is run") {
    REQUIRE(crypto::initialise());
    const Moment behind{WallTime{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}},
                        ClockTrust::unsynchronised, 1, SteadyTime{1min}};
    CHECK(verify(policy(), request(getStatus()), behind).state == v1::COMMAND_ACCEPTED);
    auto command = getStatus();
    command.set_device("cuff");
    command.mutable_set_clock();
    CHECK(verify(policy(), request(command), behind).refusal == v1::REFUSAL_CLOCK_UNTRUSTED);
    const Moment ahead{kNow + std::chrono::days{1}, ClockTrust::unspecified, 1, SteadyTime{1min}};
    CHECK(verify(policy(), request(getStatus()), ahead).state == v1::COMMAND_EXPIRED);
}

TEST_CASE(
    "transport-only takes unsigned commands and the transport's expiry, but a limit it needs") {
    REQUIRE(crypto::initialise());
    auto rules = policy();
    rules.accept = v1::TRUST_TRANSPORT_ONLY;
    auto command = getStatus();
    command.clear_issued_at();
    command.clear_not_after();
    v1::SignedCommand envelope;
    envelope.set_command(command.SerializeAsString());
    auto plain = request(envelope.SerializeAsString());
    CHECK(verify(rules, plain, kMoment).refusal == v1::REFUSAL_MALFORMED);
    plain.expirySeconds = 60;
    const auto verdict = verify(rules, plain, kMoment);
    CHECK(verdict.state == v1::COMMAND_ACCEPTED);
    CHECK(verdict.notAfter == kNow + 1min);
    CHECK(verdict.keyId.empty());
    plain.expirySeconds = 0xFFFFFFFF;
    CHECK(verify(rules, plain, kMoment).refusal == v1::REFUSAL_VALID_TOO_LONG);
}

TEST_CASE("a hub that accepts none refuses good commands, and answers to their id") {
    REQUIRE(crypto::initialise());
    auto rules = policy();
    rules.accept = v1::TRUST_NONE;
    const auto verdict = verify(rules, request(getStatus()), kMoment);
    CHECK(verdict.refusal == v1::REFUSAL_DISABLED);
    CHECK(verdict.id == kId);
}

TEST_CASE("of ten thousand damaged envelopes not one is accepted") {
    REQUIRE(crypto::initialise());
    std::mt19937 random(2026);  // the same ten thousand each time
    const auto original = sign(getStatus()).SerializeAsString();
    int accepted = 0;
    int different = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto payload = original;
        for (auto faults = 1 + random() % 3; faults > 0; --faults) {
            const auto at = random() % payload.size();
            switch (random() % 4) {
                case 0:
                    payload[at] = static_cast<char>(random());
                    break;
                case 1:
                    payload[at] = static_cast<char>(payload[at] ^ (1 << random() % 8));
                    break;
                case 2:
                    payload.erase(at, 1 + random() % 8);
                    break;
                default:
                    payload.insert(at, 1, static_cast<char>(random()));
            }
            if (payload.empty()) payload = "x";
        }
        if (payload == original) continue;
        ++different;
        if (verify(policy(), request(payload), kMoment).state == v1::COMMAND_ACCEPTED) ++accepted;
    }
    CHECK(different > 9'900);
    CHECK(accepted == 0);
}

TEST_CASE("every proper beginning of a good envelope is refused") {
    REQUIRE(crypto::initialise());
    const auto original = sign(getStatus()).SerializeAsString();
    for (std::size_t length = 0; length < original.size(); ++length) {
        CAPTURE(length);
        CHECK(verify(policy(), request(original.substr(0, length)), kMoment).state ==
              v1::COMMAND_REFUSED);
    }
}
