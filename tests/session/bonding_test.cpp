#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

Reply needsBond() {
    return Reply::refused(ErrorKind::authentication, "insufficient authentication");
}

std::ptrdiff_t count(const Conversation& c, std::string_view call) {
    return std::ranges::count_if(c.link->calls(),
                                 [&](const auto& each) { return each.starts_with(call); });
}

}  // namespace

TEST_CASE("a device that asks for a bond gets one, and is asked once more") {
    for (const auto* call : {"read 2A29", "read 2A2B", "write 2A2B", "subscribe 2A35"}) {
        CAPTURE(std::string(call));
        Conversation c;
        c.addCuff(-1h);
        c.link->on(call, needsBond());
        c.start();
        c.link->send(0x2A35, kPressure);
        c.endLink();
        CHECK(c.succeeded());
        CHECK(count(c, "pair") == 1);
        REQUIRE(c.sink.readings.size() == 1);
        CHECK(c.sink.readings[0].reading.source().link() == v1::LINK_ENCRYPTED);
    }
}

TEST_CASE("a bond is tried once a conversation, however often it is asked for") {
    Conversation c;
    c.addCuff(-1h);
    for (const auto* call : {"read 2A29", "read 2A24", "read 2A49", "subscribe 2A35"}) {
        for (int i = 0; i < 3; ++i) c.link->on(call, needsBond());
    }
    c.start();
    CHECK(count(c, "pair") == 1);
    CHECK(count(c, "read 2A29") == 2);
    CHECK(count(c, "read 2A24") == 1);
    CHECK(c.ended->error().kind == ErrorKind::authentication);
    CHECK(c.error() ==
          "device cuff: subscribe: Blood Pressure Measurement: insufficient "
          "authentication");
    CHECK(c.session->reason() == v1::DISCONNECT_AUTHENTICATION);
}

TEST_CASE("a pairing that is refused, or not answered, leaves the device's refusal as the reason") {
    for (const auto& reply :
         {Reply::refused(ErrorKind::refused, "rejected"), Reply::never(), Reply::disconnect()}) {
        Conversation c;
        c.addBloodPressure();
        c.link->on("subscribe 2A35", needsBond());
        c.link->on("pair", reply);
        c.start();
        c.clock.advance(60s);
        REQUIRE(c.ended);
        CHECK_FALSE(c.succeeded());
        CHECK(c.error().starts_with("device cuff: subscribe: Blood Pressure Measurement: "));
        CHECK(c.sink.readings.empty());
    }
}

TEST_CASE("a device whose bond is required is paired before anything is read") {
    Conversation c;
    c.settings.requireBond = true;
    c.addCuff(0s);
    c.start();
    REQUIRE(c.link->calls().size() > 2);
    CHECK(c.link->calls()[0] == "discover");
    CHECK(c.link->calls()[1] == "pair");
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK(c.sink.readings.size() == 1);
}

TEST_CASE("a device with a passkey is paired before anything is read, and not without success") {
    const auto passkey = []() -> Result<std::uint32_t> { return 123456U; };
    Conversation c;
    c.settings.passkey = passkey;
    c.link->setSecurity(v1::LINK_OPEN, v1::LINK_AUTHENTICATED);
    c.addCuff(0s);
    c.start();
    REQUIRE(c.link->calls().size() > 2);
    CHECK(c.link->calls()[1] == "pair");
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.source().link() == v1::LINK_AUTHENTICATED);

    Conversation refused;
    refused.settings.passkey = passkey;
    refused.addCuff(0s);
    refused.link->on("pair", Reply::refused(ErrorKind::authentication, "Authentication Failed"));
    refused.start();
    CHECK(refused.error() == "device cuff: bond: Authentication Failed");
    CHECK(count(refused, "read") == 0);
    CHECK(refused.link->wasCalled("disconnect"));

    Conversation bonded;
    bonded.settings.passkey = passkey;
    bonded.link->setSecurity(v1::LINK_ENCRYPTED, v1::LINK_ENCRYPTED);
    bonded.addCuff(0s);
    bonded.start();
    CHECK(count(bonded, "pair") == 0);
}

TEST_CASE("a bonded device whose link is encrypted is not paired again") {
    Conversation c;
    c.settings.requireBond = true;
    c.link->setSecurity(v1::LINK_AUTHENTICATED, v1::LINK_AUTHENTICATED);
    c.addCuff(0s);
    c.start();
    CHECK(count(c, "pair") == 0);
    CHECK_FALSE(c.ended);
}

TEST_CASE("without the required bond the conversation ends, and what was sent is refused") {
    Conversation c;
    c.settings.requireBond = true;
    c.addCuff(0s);
    c.link->on("pair", Reply::refused(ErrorKind::authentication, "the device refused to pair"));
    c.link->sendAt("discover", 0x2A35, kPressure);
    c.start();
    CHECK(c.error() == "device cuff: bond: the device refused to pair");
    CHECK(c.session->reason() == v1::DISCONNECT_AUTHENTICATION);
    CHECK(c.sink.readings.empty());
    CHECK(c.sink.events.size() == 2);
}

TEST_CASE("where a bond is required no value is accepted over a link that is not encrypted") {
    Conversation c;
    c.settings.requireBond = true;
    c.link->setSecurity(v1::LINK_OPEN, v1::LINK_OPEN);  // says it is paired, and is not
    c.addCuff(0s);
    c.start();
    c.link->send(0x2A35, kPressure);
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK(c.sink.readings.empty());
    REQUIRE(c.sink.events.size() == 3);
    CHECK(c.sink.events[0].refused().reason() == v1::REFUSED_NOT_ENCRYPTED);
    CHECK(c.sink.events[0].refused().source().raw_size() == 1);
    CHECK(c.sink.events[1].security().kind() == v1::SECURITY_UNENCRYPTED_VALUE);
    CHECK(c.sink.events[1].device() == "cuff");
    CHECK(c.sink.events[2].refused().reason() == v1::REFUSED_NOT_ENCRYPTED);
}

TEST_CASE("where no bond is required an open link is accepted, and named") {
    Conversation c;
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.source().link() == v1::LINK_OPEN);
}
