#include "adapters/bluez/pairing.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/bluez/scripted_bluez.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;
using dbus::Call;
using vitalgate::testing::kAdapter;
using vitalgate::testing::kDevice;
using vitalgate::testing::ScriptedBluez;

namespace {

constexpr std::uint32_t kPasskey = 4711;

Result<std::uint32_t> rightPasskey() {
    return kPasskey;
}

/// A BlueZ whose Pair() is answered by hand.
struct Pairing : ScriptedBluez {
    using ScriptedBluez::ScriptedBluez;

    std::optional<Status> result;
    std::optional<Call> asked;  ///< Pair
    std::vector<std::string> others;

    /// True as soon as BlueZ is asked to pair, or the pairing has ended.
    void begin() {
        result.reset();
        asked.reset();
        onCall = [this](const Call& call) {
            if (call.method() == "Pair") {
                asked = call;
            } else {
                others.push_back(call.method());
                call.reply();
            }
        };
        asio::co_spawn(loop, link->pair(5s), [this](const std::exception_ptr&, Status ended) {
            result = std::move(ended);
        });
        REQUIRE(until([this] { return asked || result; }));
    }
    Status end() {
        REQUIRE(until([this] { return result.has_value(); }));
        return *result;
    }
    Status agree() {
        setPaired(true);
        asked->reply();
        return end();
    }
    Status refuse(const std::string& error = "org.bluez.Error.AuthenticationFailed") {
        asked->fail({error, "Authentication Failed"});
        return end();
    }
    void setPaired(bool is) {
        paired = is;
        deviceObject().propertiesChanged(kDevice1, {"Paired"});
    }
    [[nodiscard]] std::string capability() const {
        return *registered->arguments().at(1).get<std::string>();
    }
    void registeredOnce() {
        REQUIRE(until([this] { return agentCalls.size() == 2; }));
    }

    /// What the agent answers when BlueZ asks with that method about that device.
    dbus::Reply ask(const std::string& method, const std::string& device) {
        return ask(*peer, method, device);
    }
    dbus::Reply ask(dbus::Connection& from, const std::string& method, const std::string& device) {
        std::optional<dbus::Reply> reply;
        dbus::Values arguments{dbus::ObjectPath{device}};
        if (method == "RequestConfirmation") arguments.emplace_back(std::uint32_t{123456});
        const auto* path = registered->arguments().at(0).get<dbus::ObjectPath>();
        dbus::Request request{registered->sender(), path->text, kAgent1, method, arguments};
        from.call(std::move(request), 5s, [&reply](dbus::Reply got) { reply = std::move(got); });
        REQUIRE(until([&reply] { return reply.has_value(); }));
        return *reply;
    }
    std::optional<std::uint32_t> askPasskey() {
        const auto reply = ask("RequestPasskey", kDevice);
        return reply ? std::optional(*reply->front().get<std::uint32_t>()) : std::nullopt;
    }
};

}  // namespace

TEST_CASE("the agent agrees only while a window is open, and only for the device of the window") {
    Pairing bluez;
    bluez.registeredOnce();
    CHECK(bluez.capability() == "NoInputNoOutput");
    auto refused = bluez.ask("RequestAuthorization", kDevice);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().name == "org.bluez.Error.Rejected");
    CHECK(bluez.refusals.size() == 1);

    REQUIRE(bluez.agent.openWindow(kDevice, {}));
    CHECK(bluez.ask("RequestAuthorization", kDevice));
    CHECK_FALSE(bluez.ask("RequestAuthorization", kDevice + "5"));
    CHECK_FALSE(bluez.ask("RequestConfirmation", kDevice));
    CHECK_FALSE(bluez.ask("RequestPasskey", kDevice));
    CHECK(bluez.refusals.size() == 4);
    auto stranger = *dbus::Connection::open(bluez.bus.address(), bluez.clock, Log());
    CHECK_FALSE(bluez.ask(*stranger, "RequestAuthorization", kDevice));
    CHECK(bluez.refusals.size() == 4);
    bluez.agent.closeWindow(kDevice);
    CHECK_FALSE(bluez.ask("RequestAuthorization", kDevice));
}

TEST_CASE("a device that is expected may ask for a bond by itself, where no passkey is needed") {
    Pairing bluez;
    bluez.registeredOnce();
    bluez.expected = kDevice;
    CHECK(bluez.ask("RequestAuthorization", kDevice));
    CHECK_FALSE(bluez.ask("RequestAuthorization", kDevice + "5"));
    CHECK_FALSE(bluez.ask("RequestPasskey", kDevice));
    CHECK_FALSE(bluez.ask("RequestConfirmation", kDevice));
    auto stranger = *dbus::Connection::open(bluez.bus.address(), bluez.clock, Log());
    CHECK_FALSE(bluez.ask(*stranger, "RequestAuthorization", kDevice));
    // Its own window says more.
    REQUIRE(bluez.agent.openWindow(kDevice, [] { return Result<std::uint32_t>(4711); }));
    CHECK_FALSE(bluez.ask("RequestAuthorization", kDevice));
    for (const auto policy : {bluez::PairingPolicy::passkey, bluez::PairingPolicy::never}) {
        Pairing strict(policy);
        strict.registeredOnce();
        strict.expected = kDevice;
        CHECK_FALSE(strict.ask("RequestAuthorization", kDevice));
    }
}

TEST_CASE(
    "a bond that came by itself needs no pairing; who asks for another one has forgotten it") {
    Pairing bluez;
    bluez.setPaired(true);
    REQUIRE(bluez.until([&] { return !bluez.pairing.empty(); }));
    CHECK(bluez.pairing == std::vector{bluez::PairingOutcome::bonded});
    bluez.begin();
    CHECK(bluez.end());
    bluez.begin();
    const auto refused = bluez.end();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::authentication);
    CHECK_FALSE(bluez.asked);
    CHECK(bluez.pairing.back() == bluez::PairingOutcome::peerForgot);
}

TEST_CASE("a bond that comes while BlueZ is asked for one is that bond") {
    Pairing bluez;
    bluez.begin();
    bluez.setPaired(true);
    REQUIRE(bluez.until([&] { return bluez.link->security() == v1::LINK_ENCRYPTED; }));
    CHECK(bluez.refuse("org.bluez.Error.AlreadyExists"));
    CHECK(bluez.pairing.back() == bluez::PairingOutcome::bonded);
}

TEST_CASE("a device with a passkey that asks for a bond by itself is given it, once") {
    for (const bool fits : {true, false}) {
        Pairing bluez(PairingPolicy::passkey, rightPasskey);
        bluez.registeredOnce();
        bluez.expected = kDevice;
        bluez.expectedPasskey = rightPasskey;
        CHECK_FALSE(bluez.ask("RequestAuthorization", kDevice));
        CHECK(bluez.askPasskey() == kPasskey);
        CHECK_FALSE(bluez.askPasskey());
        asio::co_spawn(
            bluez.loop, bluez.link->pair(5s),
            [&bluez](const std::exception_ptr&, Status ended) { bluez.result = std::move(ended); });
        if (fits) {
            bluez.setPaired(true);
            CHECK(bluez.end());
            CHECK(bluez.pairing == std::vector{PairingOutcome::bondedWithPasskey});
            CHECK(bluez.link->security() == v1::LINK_AUTHENTICATED);
        } else {
            bluez.link->end(Error{ErrorKind::disconnected, "gone"});
            CHECK_FALSE(bluez.end());
            CHECK(bluez.pairing == std::vector{PairingOutcome::passkeyRefused});
            CHECK(bluez.bond->pause(bluez.clock.steady()) > Duration::zero());
        }
        CHECK_FALSE(bluez.asked);
        CHECK_FALSE(bluez.agent.isOpenFor(kDevice));
    }
}

TEST_CASE("before a connection the agent offers what the device will need, but in no open window") {
    Pairing bluez;
    bluez.registeredOnce();
    int ready = 0;
    bluez.agent.offer(true, [&ready] { ++ready; });
    REQUIRE(bluez.until([&ready] { return ready == 1; }));
    CHECK(bluez.capability() == "KeyboardOnly");
    CHECK(bluez.agentCalls.back() == "RequestDefaultAgent");
    REQUIRE(bluez.agent.openWindow(kDevice, rightPasskey));
    bluez.agent.offer(false, [&ready] { ++ready; });
    CHECK(ready == 2);
    bluez.agent.closeWindow(kDevice);
    bluez.agent.offer(false, [&ready] { ++ready; });
    REQUIRE(bluez.until([&ready] { return ready == 3; }));
    CHECK(bluez.capability() == "NoInputNoOutput");
}

TEST_CASE("the passkey is given once, to BlueZ alone, inside the window and for its device") {
    Pairing bluez;
    bluez.registeredOnce();
    CHECK_FALSE(bluez.askPasskey());
    int reads = 0;
    REQUIRE(bluez.agent.openWindow(kDevice, [&reads]() -> Result<std::uint32_t> {
        ++reads;
        return kPasskey;
    }));
    CHECK_FALSE(bluez.ask("RequestAuthorization", kDevice));
    CHECK_FALSE(bluez.ask("RequestConfirmation", kDevice));
    CHECK_FALSE(bluez.ask("RequestPasskey", kDevice + "5"));
    auto stranger = *dbus::Connection::open(bluez.bus.address(), bluez.clock, Log());
    CHECK_FALSE(bluez.ask(*stranger, "RequestPasskey", kDevice));
    CHECK(reads == 0);
    CHECK(bluez.askPasskey() == kPasskey);
    CHECK_FALSE(bluez.askPasskey());
    CHECK(reads == 1);
    CHECK(bluez.agent.closeWindow(kDevice).given);
    CHECK_FALSE(bluez.askPasskey());
}

TEST_CASE("there is one window at a time, and the policy says for whom") {
    Pairing bluez(PairingPolicy::passkey);
    const auto without = bluez.agent.openWindow(kDevice, {});
    REQUIRE_FALSE(without);
    CHECK(without.error().kind == ErrorKind::notFound);
    REQUIRE(bluez.agent.openWindow(kDevice, rightPasskey));
    const auto second = bluez.agent.openWindow(kDevice + "5", rightPasskey);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::unavailable);
    bluez.agent.closeWindow(kDevice + "5");
    CHECK(bluez.agent.isOpenFor(kDevice));
    bluez.agent.closeWindow(kDevice);
    CHECK(bluez.agent.openWindow(kDevice + "5", rightPasskey));
    CHECK_FALSE(Pairing(PairingPolicy::never).agent.openWindow(kDevice, rightPasskey));
}

TEST_CASE("pairing opens the window for its device, and closes it with its end") {
    Pairing bluez;
    bluez.registeredOnce();
    bluez.begin();
    CHECK(bluez.agent.isOpenFor(kDevice));
    CHECK(bluez.agree());
    CHECK_FALSE(bluez.agent.isOpenFor(kDevice));
    CHECK(bluez.pairing == std::vector{PairingOutcome::running, PairingOutcome::bonded});
    CHECK(bluez.link->security() == v1::LINK_ENCRYPTED);
    CHECK(bluez.agentCalls.size() == 2);  // it had the right capability
}

TEST_CASE("a pairing that is not finished in time is cancelled") {
    ScriptedBluez bluez;
    std::vector<Call> kept;
    bluez.onCall = [&kept](Call call) { kept.push_back(std::move(call)); };
    const auto late = bluez.run(bluez.link->pair(100ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == ErrorKind::timedOut);
    CHECK(bluez.until([&kept] { return kept.size() == 2; }));
    CHECK(kept.back().method() == "CancelPairing");
    CHECK(bluez.pairing.back() == PairingOutcome::timedOut);
}

TEST_CASE("for a device with a passkey the agent says that it can type, and not for the next one") {
    Pairing bluez(PairingPolicy::justWorks, rightPasskey);
    bluez.registeredOnce();
    bluez.begin();
    CHECK(bluez.agentCalls == std::vector<std::string>{"RegisterAgent", "RequestDefaultAgent",
                                                       "UnregisterAgent", "RegisterAgent"});
    CHECK(bluez.capability() == "KeyboardOnly");
    CHECK(bluez.askPasskey() == kPasskey);
    CHECK(bluez.agree());
    CHECK(bluez.pairing == std::vector{PairingOutcome::running, PairingOutcome::bondedWithPasskey});
    CHECK(bluez.link->security() == v1::LINK_AUTHENTICATED);
    // Meanwhile another may have been the default: a simulated device on the same BlueZ.
    CHECK(bluez.until([&bluez] { return bluez.agentCalls.size() == 5; }));
    CHECK(bluez.agentCalls.back() == "RequestDefaultAgent");
    bluez.setPaired(false);
    CHECK(bluez.until([&bluez] { return bluez.link->security() == v1::LINK_OPEN; }));

    REQUIRE(bluez.agent.openWindow(kDevice, {}));
    std::optional<Status> ready;
    bluez.agent.prepare([&ready](const Status& status) { ready = status; });
    REQUIRE(bluez.until([&ready] { return ready.has_value(); }));
    CHECK(*ready);
    CHECK(bluez.capability() == "NoInputNoOutput");
}

TEST_CASE("a passkey that the device does not take is not tried again before its time") {
    Pairing bluez(PairingPolicy::justWorks, rightPasskey);
    bluez.begin();
    CHECK(bluez.askPasskey() == kPasskey);
    CHECK_FALSE(bluez.refuse());
    CHECK(bluez.pairing == std::vector{PairingOutcome::running, PairingOutcome::passkeyRefused});
    CHECK(bluez.link->security() == v1::LINK_OPEN);
    bluez.begin();
    CHECK_FALSE(bluez.asked);
    CHECK(bluez.end().error().message ==
          "the device did not take its passkey: tried again in 1 min");
    CHECK(bluez.pairing.size() == 2);
}

TEST_CASE("a device that hangs up over its passkey counts as one that did not take it") {
    Pairing bluez(PairingPolicy::justWorks, rightPasskey);
    bluez.begin();
    CHECK(bluez.askPasskey() == kPasskey);
    bluez.link->end(Error{ErrorKind::disconnected, "the device has disconnected"});
    CHECK_FALSE(bluez.end());
    CHECK(bluez.pairing.back() == PairingOutcome::passkeyRefused);
    CHECK(bluez.bond->pause(bluez.clock.steady()) > Duration::zero());
}

TEST_CASE("a device that refuses before it asks for its passkey costs no attempt") {
    Pairing bluez(PairingPolicy::justWorks, rightPasskey);
    bluez.begin();
    CHECK_FALSE(bluez.refuse("org.bluez.Error.AuthenticationRejected"));
    CHECK(bluez.pairing.back() == PairingOutcome::passkeyNotAsked);
    CHECK(bluez.bond->pause(bluez.clock.steady()) == Duration::zero());
}

TEST_CASE("a passkey that cannot be read is not given, and named as the reason") {
    Pairing bluez(PairingPolicy::justWorks, []() -> Result<std::uint32_t> {
        return fail(ErrorKind::invalid, "/x does not hold a passkey");
    });
    bluez.begin();
    CHECK_FALSE(bluez.askPasskey());
    CHECK_FALSE(bluez.refuse());
    CHECK(bluez.pairing.back() == PairingOutcome::passkeyUnreadable);
    CHECK(bluez.bond->pause(bluez.clock.steady()) > Duration::zero());
}

TEST_CASE("a bond that came about without asking for the passkey is removed") {
    Pairing bluez(PairingPolicy::justWorks, rightPasskey);
    bluez.begin();
    const auto ended = bluez.agree();
    REQUIRE_FALSE(ended);
    CHECK(ended.error().kind == ErrorKind::authentication);
    CHECK(bluez.pairing.back() == PairingOutcome::withoutPasskey);
    CHECK(
        bluez.until([&bluez] { return bluez.others == std::vector<std::string>{"RemoveDevice"}; }));
    CHECK(bluez.link->security() != v1::LINK_AUTHENTICATED);
    CHECK(bluez.bond->pause(bluez.clock.steady()) > Duration::zero());
}

TEST_CASE("a bond that BlueZ makes by itself is removed where only the passkey will do") {
    struct Row {
        PairingPolicy policy;
        PasskeySource passkey;
        PairingOutcome outcome;
        bool isRemoved;
    };
    for (const auto& [policy, passkey, outcome, isRemoved] :
         {Row{PairingPolicy::justWorks, rightPasskey, PairingOutcome::withoutPasskey, true},
          Row{PairingPolicy::passkey, {}, PairingOutcome::noPasskey, true},
          Row{PairingPolicy::never, {}, PairingOutcome::byPolicy, true},
          Row{PairingPolicy::justWorks, {}, PairingOutcome::bonded, false}}) {
        Pairing bluez(policy, passkey);
        std::vector<std::string> calls;
        bluez.onCall = [&calls](const Call& call) {
            calls.push_back(call.method());
            call.reply();
        };
        bluez.setPaired(true);
        REQUIRE(bluez.until([&bluez] { return bluez.link->security() != v1::LINK_OPEN; }));
        CHECK(bluez.until([&bluez] { return !bluez.pairing.empty(); }));
        CHECK(bluez.pairing == std::vector{outcome});
        if (isRemoved) CHECK(bluez.until([&calls] { return !calls.empty(); }));
        CHECK(calls ==
              (isRemoved ? std::vector<std::string>{"RemoveDevice"} : std::vector<std::string>{}));
    }
}

TEST_CASE("under the policy passkey a device without one is not paired, in a sentence") {
    Pairing bluez(PairingPolicy::passkey);
    bluez.begin();
    CHECK_FALSE(bluez.asked);
    const auto ended = bluez.end();
    CHECK(ended.error().kind == ErrorKind::refused);
    CHECK(ended.error().message ==
          "the configuration says bluetooth.pairing.policy: passkey, and the device has no passkey "
          "there");
    CHECK(bluez.pairing == std::vector{PairingOutcome::noPasskey});
}

TEST_CASE("an agent that BlueZ will not register is tried anew with the next pairing") {
    Pairing bluez(PairingPolicy::justWorks, rightPasskey);
    bluez.registeredOnce();
    bluez.onAgentCall = [](const Call& call) {
        if (call.method() != "RegisterAgent") return call.reply();
        call.fail({"org.bluez.Error.AlreadyExists", "Already Exists"});
    };
    bluez.begin();
    CHECK_FALSE(bluez.asked);
    CHECK(bluez.end().error().message.starts_with("register the pairing agent: "));
    CHECK_FALSE(bluez.agent.problem().empty());
    CHECK_FALSE(bluez.agent.isOpenFor(kDevice));
    bluez.agentCalls.clear();
    bluez.onAgentCall = [](const Call& call) {
        if (call.method() != "UnregisterAgent") return call.reply();
        call.fail({"org.bluez.Error.DoesNotExist", "Does Not Exist"});
    };
    bluez.begin();
    REQUIRE(bluez.asked);
    CHECK(bluez.agentCalls == std::vector<std::string>{"UnregisterAgent", "RegisterAgent"});
    CHECK(bluez.agent.problem().empty());
    CHECK(bluez.askPasskey() == kPasskey);
    CHECK(bluez.agree());
}

TEST_CASE("an agent that BlueZ will not register at first is registered after a while") {
    bool isWilling = false;
    Pairing bluez;
    bluez.registeredOnce();
    bluez.onAgentCall = [&isWilling](const Call& call) {
        if (isWilling) return call.reply();
        call.fail({"org.bluez.Error.Failed", "Failed"});
    };
    bluez.agent.enter(bluez.service);
    REQUIRE(bluez.until([&] { return !bluez.agent.problem().empty(); }));
    bluez.agentCalls.clear();
    isWilling = true;
    bluez.agentClock.advance(bluez::PairingAgent::kRegisterAgain - 1s);
    CHECK(bluez.agentCalls.empty());
    bluez.agentClock.advance(1s);
    REQUIRE(bluez.until([&] { return bluez.agent.problem().empty(); }));
    CHECK(bluez.agentCalls[1] == "RegisterAgent");
}

TEST_CASE("a link that ends while the agent is registered anew does not leave the agent halfway") {
    Pairing bluez(PairingPolicy::justWorks, rightPasskey);
    bluez.registeredOnce();
    std::optional<Call> held;
    bluez.onAgentCall = [&held](const Call& call) {
        if (call.method() != "UnregisterAgent") return call.reply();
        held = call;
    };
    std::optional<Status> ended;
    asio::co_spawn(bluez.loop, bluez.link->pair(5s),
                   [&ended](const std::exception_ptr&, Status status) { ended = status; });
    REQUIRE(bluez.until([&held] { return held.has_value(); }));
    bluez.link->stop();
    REQUIRE(bluez.until([&ended] { return ended.has_value(); }));
    CHECK(ended->error().kind == ErrorKind::cancelled);
    CHECK_FALSE(bluez.agent.isOpenFor(kDevice));
    held->reply();
    CHECK(bluez.until([&bluez] { return bluez.agentCalls.size() == 5; }));
    CHECK(bluez.agentCalls.back() == "RequestDefaultAgent");
    CHECK(bluez.capability() == "KeyboardOnly");
}
