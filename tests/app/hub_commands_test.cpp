#include "gateway/app/hub_commands.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <optional>

#include "gateway/commands/kinds.hpp"

using namespace vitalgate;
using namespace vitalgate::app;

namespace {

asio::awaitable<v1::CommandResult> done() {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_DONE);
    result.set_text("the device has done it");
    co_return result;
}

/// A hub with one cuff.
struct Desk {
    v1::CommandResult run(const v1::Command& command) {
        std::optional<v1::CommandResult> given;
        asio::co_spawn(loop, commands.run(command, "care"),
                       [&given](const std::exception_ptr& error, v1::CommandResult result) {
                           CHECK_FALSE(error);
                           given = std::move(result);
                       });
        loop.restart();
        loop.run();
        REQUIRE(given);
        return *given;
    }

    asio::io_context loop;
    std::vector<v1::Command> executed;
    std::vector<std::string> replayed;
    HubCommands commands{[](const std::string& uplink) {
                             v1::HubStatus status;
                             status.set_hub("hub of " + uplink);
                             return status;
                         },
                         [] {
                             std::vector<v1::DeviceDescriptor> all(2);
                             all[0].set_device("cuff");
                             all[0].set_model("BP-7000");
                             all[1].set_device("scale");
                             return all;
                         },
                         [this](v1::Command command) {
                             executed.push_back(std::move(command));
                             return done();
                         },
                         [this](v1::Command command, std::string uplink) {
                             replayed.push_back(command.id() + " by " + uplink);
                             return done();
                         }};
};

v1::Command commandFor(const std::string& device) {
    v1::Command command;
    command.set_device(device);
    return command;
}

}  // namespace

TEST_CASE("the hub answers for itself and describes its devices") {
    Desk desk;
    v1::Command status;
    status.mutable_get_status();
    CHECK(desk.run(status).status().hub() == "hub of care");
    v1::Command list;
    list.mutable_list_devices();
    CHECK(desk.run(list).devices().devices_size() == 2);
    auto describe = commandFor("cuff");
    describe.mutable_describe_device();
    const auto result = desk.run(describe);
    CHECK(result.state() == v1::COMMAND_DONE);
    CHECK(result.device_descriptor().model() == "BP-7000");
    CHECK(desk.executed.empty());
}

TEST_CASE("a device that is not served cannot be described") {
    Desk desk;
    auto describe = commandFor("other");
    describe.mutable_describe_device();
    const auto result = desk.run(describe);
    CHECK(result.state() == v1::COMMAND_REFUSED);
    CHECK(result.refusal() == v1::REFUSAL_UNKNOWN_DEVICE);
    CHECK_FALSE(result.text().empty());
}

TEST_CASE("a replay goes where it is carried out, with the name of the uplink that brought it") {
    Desk desk;
    v1::Command replay;
    replay.set_id("r-1");
    replay.mutable_replay();
    CHECK(desk.run(replay).state() == v1::COMMAND_DONE);
    CHECK(desk.replayed == std::vector<std::string>{"r-1 by care"});
    CHECK(desk.executed.empty());
}

TEST_CASE("every command for a device goes to the adapter, and its answer comes back") {
    const auto& descriptor = *v1::Command::descriptor();
    for (const auto& row : kDeviceCommands) {
        CAPTURE(std::string(row.word));
        Desk desk;
        auto command = commandFor("cuff");
        const auto* field = descriptor.FindFieldByNumber(row.kind);
        REQUIRE(field != nullptr);
        command.GetReflection()->MutableMessage(&command, field);
        CHECK(desk.run(command).text() == "the device has done it");
        REQUIRE(desk.executed.size() == 1);
        CHECK(desk.executed[0].kind_case() == row.kind);
    }
}

TEST_CASE("what nobody runs is refused") {
    Desk desk;
    v1::Command restart;
    restart.mutable_restart();
    CHECK(desk.run(restart).refusal() == v1::REFUSAL_NOT_SUPPORTED);
    CHECK(desk.executed.empty());
}

TEST_CASE("the commands are listed with what the table of kinds says of them") {
    const auto specs = HubCommands::specs();
    const auto find = [&specs](std::string_view kind) {
        const auto found = std::ranges::find_if(
            specs, [kind](const v1::CommandSpec& spec) { return spec.kind() == kind; });
        REQUIRE(found != specs.end());
        return *found;
    };
    for (const auto& spec : specs) {
        CAPTURE(spec.kind());
        REQUIRE(commands::findKind(spec.kind()) != nullptr);
        CHECK(spec.waits_for_device() ==
              std::ranges::any_of(kDeviceCommands,
                                  [&spec](const auto& row) { return row.word == spec.kind(); }));
    }
    CHECK(find("calibrate").own_permission());
    CHECK(find("set-alert-limit").own_permission());
    CHECK_FALSE(find("reset-energy").own_permission());
    CHECK_FALSE(find("describe-device").waits_for_device());
    CHECK_FALSE(find("replay").own_permission());
    CHECK(specs.size() == 13);
}

TEST_CASE("the words of device commands are those of the contract, and need a device") {
    for (const auto& row : kDeviceCommands) {
        CAPTURE(std::string(row.word));
        auto word = v1::Command::descriptor()->FindFieldByNumber(row.kind)->name();
        std::ranges::replace(word, '_', '-');
        CHECK(word == row.word);
        CHECK_FALSE(commands::findKind(row.word)->forHub);
    }
}
