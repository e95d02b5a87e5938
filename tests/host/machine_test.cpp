#include "gateway/host/machine.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

using namespace vitalgate::host;

namespace {

std::string osNameOf(const std::string& content) {
    std::string folder = "/tmp/vitalgate-machine-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    std::ofstream(folder + "/os-release") << content;
    auto name = osName(folder + "/os-release");
    std::filesystem::remove_all(folder);
    return name;
}

}  // namespace

TEST_CASE("the operating system is named as its os-release file names it") {
    CHECK(osNameOf("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n") ==
          "Debian GNU/Linux 12 (bookworm)");
    CHECK(osNameOf("PRETTY_NAME=Alpine\n") == "Alpine");
    CHECK(osNameOf("PRETTY_NAME='a \\'quoted\\' name'") == "a 'quoted' name");
}

TEST_CASE("an os-release file that says nothing usable gives the kernel's name") {
    CHECK(osName("/nonexistent/os-release") == "Linux");
    CHECK(osNameOf("") == "Linux");
    CHECK(osNameOf("PRETTY_NAME=\"\"\n") == "Linux");
    CHECK(osNameOf("PRETTY_NAME=\"bell\a\"\n") == "Linux");
    CHECK(osNameOf("PRETTY_NAME=" + std::string(1000, 'x')).size() == 120);
}

TEST_CASE("the boot has an id of 32 hexadecimal digits that does not change") {
    const auto id = bootId();
    REQUIRE(id);
    CHECK(id->size() == 32);
    CHECK(id->find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(bootId() == id);
}

TEST_CASE("the machine has an id that is not the one in /etc/machine-id, or a reason") {
    const auto id = machineId();
    if (!id) {
        CHECK(id.error().message.find("/etc/machine-id") != std::string::npos);
        return;
    }
    std::string raw;
    std::ifstream("/etc/machine-id") >> raw;
    CHECK(id->size() == 32);
    CHECK(*id != raw);
    CHECK(machineId() == id);
}

TEST_CASE("the model of the machine is what the first file says that says something") {
    std::string folder = "/tmp/vitalgate-machine-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const auto tree = folder + "/model";
    const auto dmi = folder + "/product_name";
    CHECK(machineModel({tree, dmi}).empty());
    std::ofstream(dmi) << "NUC11ATK \n";
    CHECK(machineModel({tree, dmi}) == "NUC11ATK");
    std::ofstream(tree) << std::string("Raspberry Pi 4 Model B\0", 23);
    CHECK(machineModel({tree, dmi}) == "Raspberry Pi 4 Model B");
    std::filesystem::remove_all(folder);
}
