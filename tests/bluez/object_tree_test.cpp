#include "adapters/bluez/object_tree.hpp"

#include <doctest/doctest.h>

#include "adapters/bluez/names.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using dbus::Dict;
using dbus::ObjectPath;
using dbus::Properties;
using dbus::Signal;
using dbus::Value;
using dbus::variantDict;
using dbus::variantOf;

namespace {

const std::string kAdapterPath = "/org/bluez/hci0";
const std::string kDevicePath = "/org/bluez/hci0/dev_C4_7C_8D_6A_12_34";

using Entries = std::vector<std::pair<std::string, Value>>;

Value interfaces(const std::string& name, Entries properties) {
    return Dict{"s", "a{sv}", {{Value(name), variantDict(std::move(properties))}}};
}

Signal added(const std::string& path, Value what) {
    return {":1.1", "/", kObjectManager, "InterfacesAdded", {ObjectPath{path}, std::move(what)}};
}

Signal removed(const std::string& path, std::vector<std::string> names) {
    return {":1.1",
            "/",
            kObjectManager,
            "InterfacesRemoved",
            {ObjectPath{path}, dbus::stringArray(names)}};
}

Signal changed(const std::string& path, const std::string& interface, Entries properties,
               std::vector<std::string> invalidated = {}) {
    return {":1.1",
            path,
            kProperties,
            "PropertiesChanged",
            {Value(interface), variantDict(std::move(properties)), dbus::stringArray(invalidated)}};
}

Entries device() {
    return {{"Address", Value("C4:7C:8D:6A:12:34")},
            {"Adapter", Value(ObjectPath{kAdapterPath})},
            {"RSSI", Value(std::int16_t{-61})},
            {"UUIDs", dbus::stringArray({"00001810-0000-1000-8000-00805f9b34fb", "rubbish"})}};
}

}  // namespace

TEST_CASE("a list of objects becomes a tree, and nothing else does") {
    ObjectTree tree;
    const Value objects =
        Dict{"o",
             "a{sa{sv}}",
             {{Value(ObjectPath{kAdapterPath}), interfaces(kAdapter1, {{"Powered", Value(true)}})},
              {Value(ObjectPath{kDevicePath}), interfaces(kDevice1, device())}}};
    REQUIRE(tree.load({objects}));
    CHECK(tree.size() == 2);
    CHECK(adapterView(tree, kAdapterPath)->powered);
    CHECK(deviceView(tree, kDevicePath)->rssiDbm == -61);

    CHECK_FALSE(tree.load({}));
    CHECK_FALSE(tree.load({Value("objects")}));
    CHECK_FALSE(tree.load({Value(Bytes{1})}));
    CHECK(tree.size() == 0);
}

TEST_CASE("objects come, change and go by signals, each told once") {
    ObjectTree tree;
    auto changes = tree.apply(added(kDevicePath, interfaces(kDevice1, device())));
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].kind == Change::Kind::added);
    changes = tree.apply(changed(kDevicePath, kDevice1, {{"Connected", Value(true)}}, {"RSSI"}));
    REQUIRE(changes.size() == 1);
    CHECK(deviceView(tree, kDevicePath)->connected);
    CHECK_FALSE(deviceView(tree, kDevicePath)->rssiDbm);
    changes = tree.apply(removed(kDevicePath, {kDevice1, "org.freedesktop.DBus.Properties"}));
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].kind == Change::Kind::removed);
    CHECK(tree.size() == 0);
    CHECK(tree.apply(removed(kDevicePath, {kDevice1})).empty());
}

TEST_CASE("missing properties read as absent") {
    ObjectTree tree;
    (void)tree.apply(
        added(kDevicePath, interfaces(kDevice1, {{"Address", Value("C4:7C:8D:6A:12:34")}})));
    const auto view = deviceView(tree, kDevicePath);
    REQUIRE(view);
    CHECK(view->adapter == kAdapterPath);
    CHECK_FALSE(view->connected);
    CHECK_FALSE(view->paired);
    CHECK_FALSE(view->rssiDbm);
    CHECK(view->services.empty());
    (void)tree.apply(added("/org/bluez/hci0/dev_X", interfaces(kDevice1, {})));
    CHECK_FALSE(deviceView(tree, "/org/bluez/hci0/dev_X"));
    CHECK_FALSE(deviceView(tree, "/org/bluez/hci0/dev_Y"));
}

TEST_CASE("properties of unexpected types read as absent") {
    ObjectTree tree;
    (void)tree.apply(
        added(kDevicePath, interfaces(kDevice1, {{"Address", Value("C4:7C:8D:6A:12:34")},
                                                 {"Adapter", Value(std::int32_t{0})},
                                                 {"Connected", Value("yes")},
                                                 {"ServicesResolved", Value(std::uint8_t{1})},
                                                 {"RSSI", Value(std::int32_t{-60})},
                                                 {"UUIDs", Value(true)}})));
    const auto view = deviceView(tree, kDevicePath);
    REQUIRE(view);
    CHECK(view->adapter == kAdapterPath);
    CHECK_FALSE(view->connected);
    CHECK_FALSE(view->servicesResolved);
    CHECK_FALSE(view->rssiDbm);
    (void)tree.apply(changed(kDevicePath, kDevice1, {{"Address", Value("no address")}}));
    CHECK_FALSE(deviceView(tree, kDevicePath));
}

TEST_CASE("signals without their documented form change nothing and are counted") {
    ObjectTree tree;
    (void)tree.apply(added(kDevicePath, interfaces(kDevice1, device())));
    const std::vector<Signal> hostile = {
        {":1.1", "/", kObjectManager, "InterfacesAdded", {}},
        {":1.1", "/", kObjectManager, "InterfacesAdded", {Value("text"), Value("text")}},
        added(kDevicePath, Value("no dictionary")),
        {":1.1", "/", kObjectManager, "InterfacesRemoved", {}},
        {":1.1", kDevicePath, kProperties, "PropertiesChanged", {}},
        {":1.1", kDevicePath, kProperties, "PropertiesChanged", {Value(kDevice1), Value("x")}},
        changed("/org/bluez/unknown", kAdapter1, {{"Powered", Value(true)}})};
    for (const auto& signal : hostile) CHECK(tree.apply(signal).empty());
    CHECK(tree.leftOut() == hostile.size());
    CHECK(tree.apply({":1.1", "/", "org.other", "Whatever", {}}).empty());
    CHECK(tree.apply(changed(kDevicePath, "org.bluez.Unknown1", {{"A", Value(true)}})).empty());
    CHECK(deviceView(tree, kDevicePath));
}

TEST_CASE(
    "a crowd of strangers is forgotten, the longest silent first; ours stay, and are complete") {
    const auto ours = *BluetoothAddress::parse("C4:7C:8D:6A:12:34");
    ObjectTree tree([&ours](const BluetoothAddress& address) { return address == ours; });
    const auto strangerPath = [](std::size_t i) {
        return fmt::format("{}/dev_AA_00_00_00_{:02X}_{:02X}", kAdapterPath, i / 256, i % 256);
    };
    const auto stranger = [](std::size_t i) {
        return Entries{
            {"Address", Value(fmt::format("AA:00:00:00:{:02X}:{:02X}", i / 256, i % 256))}};
    };
    (void)tree.apply(added(kAdapterPath, interfaces(kAdapter1, {{"Powered", Value(true)}})));
    (void)tree.apply(added(kDevicePath, interfaces(kDevice1, device())));
    constexpr std::size_t kCrowd = 10'000;
    for (std::size_t i = 0; i < kCrowd; ++i) {
        const auto changes = tree.apply(added(strangerPath(i), interfaces(kDevice1, stranger(i))));
        CHECK(changes.size() == 1);
        // The first one goes on advertising.
        (void)tree.apply(changed(strangerPath(0), kDevice1, {{"RSSI", Value(std::int16_t{-80})}}));
    }
    CHECK(tree.strangers() == ObjectTree::kMaxStrangers);
    CHECK(tree.size() == ObjectTree::kMaxStrangers + 2);
    CHECK(deviceView(tree, strangerPath(0)));
    CHECK_FALSE(deviceView(tree, strangerPath(1)));
    CHECK(deviceView(tree, strangerPath(kCrowd - 1)));
    CHECK(deviceView(tree, kDevicePath));

    const Value uuid("00001810-0000-1000-8000-00805f9b34fb");
    const auto service = [&uuid](const std::string& device) {
        return added(device + "/service0010", interfaces(kGattService1, {{"UUID", uuid}}));
    };
    (void)tree.apply(service(kDevicePath));
    CHECK(gattDatabase(tree, kDevicePath).size() == 1);
    CHECK(tree.apply(service(strangerPath(kCrowd - 1))).empty());
    CHECK(gattDatabase(tree, strangerPath(kCrowd - 1)).empty());
    // It is heard all the same.
    const auto heard =
        tree.apply(changed(strangerPath(1), kDevice1, {{"RSSI", Value(std::int16_t{-80})}}));
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].properties.contains("RSSI"));
}

TEST_CASE("a stranger who becomes one of ours is kept with all that is below it") {
    bool admitted = false;
    ObjectTree tree([&admitted](const BluetoothAddress&) { return admitted; });
    (void)tree.apply(added(kDevicePath, interfaces(kDevice1, device())));
    CHECK(tree.strangers() == 1);
    admitted = true;
    (void)tree.apply(changed(kDevicePath, kDevice1, {{"Connected", Value(true)}}));
    CHECK(tree.strangers() == 0);
    (void)tree.apply(added(
        kDevicePath + "/service0010",
        interfaces(kGattService1, {{"UUID", Value("00001810-0000-1000-8000-00805f9b34fb")}})));
    CHECK(gattDatabase(tree, kDevicePath).size() == 1);
}

TEST_CASE("more objects than the limit are left out") {
    ObjectTree tree;
    for (std::size_t i = 0; i < ObjectTree::kMaxObjects + 10; ++i)
        (void)tree.apply(
            added("/org/bluez/hci0/dev_" + std::to_string(i), interfaces(kDevice1, device())));
    CHECK(tree.size() == ObjectTree::kMaxObjects);
    CHECK(tree.leftOut() == 10);
}

TEST_CASE("the services of one device, and not of one whose path begins alike") {
    ObjectTree tree;
    const auto service = kDevicePath + "/service0010";
    const Value uuid("00001810-0000-1000-8000-00805f9b34fb");
    (void)tree.apply(added(kDevicePath, interfaces(kDevice1, device())));
    (void)tree.apply(added(kDevicePath + "5", interfaces(kDevice1, device())));
    (void)tree.apply(added(service, interfaces(kGattService1, {{"UUID", uuid}})));
    (void)tree.apply(
        added(kDevicePath + "5/service0010", interfaces(kGattService1, {{"UUID", uuid}})));
    (void)tree.apply(
        added(service + "/char0011",
              interfaces(kGattCharacteristic1,
                         {{"UUID", Value("00002a35-0000-1000-8000-00805f9b34fb")},
                          {"Service", Value(ObjectPath{service})},
                          {"Value", Value(Bytes{1, 2, 3})},
                          {"Flags", dbus::stringArray({"indicate", "write-without-response"})}})));
    (void)tree.apply(added(service + "/char0014",
                           interfaces(kGattCharacteristic1, {{"UUID", Value("rubbish")}})));
    const auto database = gattDatabase(tree, kDevicePath);
    REQUIRE(database.size() == 1);
    REQUIRE(database[0].characteristics.size() == 1);
    const auto& measurement = database[0].characteristics[0];
    CHECK(measurement.uuid == Uuid(0x2A35));
    CHECK(measurement.canIndicate);
    CHECK(measurement.canWrite);
    CHECK_FALSE(measurement.canRead);
    CHECK_FALSE(measurement.canNotify);
    // A health value is passed on, and not kept.
    CHECK_FALSE(tree.find(service + "/char0011", kGattCharacteristic1)->contains("Value"));
    const auto changes = tree.apply(
        changed(service + "/char0011", kGattCharacteristic1, {{"Value", Value(Bytes{4})}}));
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].properties.contains("Value"));
    CHECK_FALSE(tree.find(service + "/char0011", kGattCharacteristic1)->contains("Value"));
}
