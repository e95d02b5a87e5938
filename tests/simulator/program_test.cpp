#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>

#include "tests/simulator/scripted_bluez.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate::testing;

namespace {

struct Outcome {
    int status = -1;
    std::string out;
    std::string err;
};

const std::string kHousehold = sourceFolder() + "/packaging/scenarios/household.yaml";
const std::string kStrap = sourceFolder() + "/packaging/scenarios/strap.yaml";

Outcome shell(const TempDir& dir, const std::string& script) {
    writeFile(dir / "script", script);
    const auto command = fmt::format("cd {0} && sh ./script >out 2>err", dir.path().string());
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readFile(dir / "out"),
            readFile(dir / "err")};
}

/// Without looking for leaks: the D-Bus library loses its half-made connection to a bus that is not
/// there.
Outcome simulatorProgram(const std::string& arguments) {
    const TempDir dir;
    return shell(dir, fmt::format("ASAN_OPTIONS=detect_leaks=0 exec {}/vitalgate-simulator {}\n",
                                  programFolder(), arguments));
}

}  // namespace

TEST_CASE("the program says when it serves, and ends cleanly at a signal") {
    const PrivateBus bus;
    for (const auto* signal : {"TERM", "INT"}) {
        const TempDir dir;
        const auto outcome = shell(
            dir, fmt::format("{}/vitalgate-simulator --scenario {} --bus {} --ledger l >ready &\n"
                             "p=$!\n"
                             "n=0; until grep -qs serving ready || [ $((n+=1)) -gt 1000 ]; do "
                             "sleep 0.05; done\n"
                             "kill -{} $p; wait $p\n",
                             programFolder(), kHousehold, bus.address(), signal));
        CHECK(outcome.status == 0);
        CHECK(readFile(dir / "ready") ==
              fmt::format("serving org.bluez with 4 devices on {}\n", bus.address()));
        CHECK(outcome.err.empty());
        CHECK(readFile(dir / "l").empty());
    }
}

TEST_CASE("as a peripheral the program says so, and at a signal takes everything back") {
    const PrivateBus bus;
    const TempDir dir;
    asio::io_context loop;
    vitalgate::SystemClock clock(loop);
    vitalgate::simulator::testing::ScriptedBluez bluez(bus.address(), loop, clock);
    bluez.start();
    writeFile(dir / "script",
              fmt::format("cd {}\n{}/vitalgate-simulator --scenario {} --bus {} --peripheral hci1 "
                          "--ledger l >out 2>err &\n"
                          "echo $! >pid\nwait $!\necho $? >status.new\nmv status.new status\n",
                          dir.path().string(), programFolder(), kStrap, bus.address()));
    const ChildProcess script({"sh", dir / "script"}, dir / "log");
    const auto holds = [&dir](const char* file, std::string_view text) {
        return std::filesystem::exists(dir / file) &&
               readFile(dir / file).find(text) != std::string::npos;
    };
    REQUIRE(bluez.runs([&] { return holds("out", "\n"); }, std::chrono::seconds{20}));
    CHECK(readFile(dir / "out") ==
          "serving strap on hci1 with its address 00:AA:01:01:00:01 instead of "
          "F0:13:C3:55:66:77\n");
    REQUIRE(bluez.runs([&] { return bluez.isAdvertising; }));
    bluez.connect();
    REQUIRE(bluez.runs([&] { return holds("l", R"("what":"connected")"); }));
    REQUIRE(kill(std::stoi(readFile(dir / "pid")), SIGTERM) == 0);
    REQUIRE(bluez.runs([&] { return holds("status", "\n"); }, std::chrono::seconds{20}));
    CHECK(readFile(dir / "status") == "0\n");
    CHECK(readFile(dir / "err").empty());
    CHECK(bluez.count("Disconnect") == 1);
    CHECK(bluez.count("UnregisterApplication") == 1);
    CHECK(bluez.count("UnregisterAgent") == 1);
    CHECK_FALSE(bluez.isAdvertising);
}

TEST_CASE("what cannot be a peripheral is a sentence and a status") {
    const auto several =
        simulatorProgram("--bus session --peripheral hci1 --scenario " + kHousehold);
    CHECK(several.status == 1);
    CHECK(several.err ==
          "vitalgate-simulator: " + kHousehold +
              ": a controller is one device, and the scenario has more that can be connected to: "
              "cuff and thermometer\n");
    const auto strange =
        simulatorProgram("--bus session --peripheral ../hci1 --scenario " + kStrap);
    CHECK(strange.status == 2);
    CHECK(strange.err.find("is no controller") != std::string::npos);
    const auto bus =
        simulatorProgram("--bus unix:path=/nonexistent --peripheral hci1 --scenario " + kStrap);
    CHECK(bus.status == 3);
    CHECK(bus.err.starts_with("vitalgate-simulator: bus unix:path=/nonexistent"));
}

TEST_CASE("help and version are answers, wrong usage is not") {
    CHECK(simulatorProgram("--help").out.find("--scenario FILE") != std::string::npos);
    CHECK(simulatorProgram("--help").status == 0);
    CHECK(simulatorProgram("--version").status == 0);
    const auto without = simulatorProgram("");
    CHECK(without.status == 2);
    CHECK(without.err.find("--scenario is required") != std::string::npos);
    CHECK(simulatorProgram("--scenario x").err.find("--bus is required") != std::string::npos);
    CHECK(simulatorProgram("--scenario x --bus y --speed 0").status == 2);
    CHECK(simulatorProgram("--scenario x --bus y --sped 1").status == 2);
}

TEST_CASE("a scenario, a ledger or a bus that cannot be used is a sentence and a status") {
    const auto missing = simulatorProgram("--scenario /nonexistent.yaml --bus session");
    CHECK(missing.status == 1);
    CHECK(missing.err == "/nonexistent.yaml: no such file\n");
    const auto ledger =
        simulatorProgram("--scenario " + kHousehold + " --bus x --ledger /nonexistent/l");
    CHECK(ledger.status == 1);
    CHECK(ledger.err == "vitalgate-simulator: /nonexistent/l: cannot be written\n");
    const auto bus = simulatorProgram("--scenario " + kHousehold + " --bus unix:path=/nonexistent");
    CHECK(bus.status == 3);
    CHECK(bus.err.starts_with("vitalgate-simulator: "));
}
