#include "gateway/dbus/value.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::dbus;

TEST_CASE("a value gives its content only as what it is, through variants") {
    const Value value = variantOf(variantOf(Value(std::int16_t{-61})));
    REQUIRE(value.get<std::int16_t>());
    CHECK(*value.get<std::int16_t>() == -61);
    CHECK_FALSE(value.get<std::int32_t>());
    CHECK_FALSE(value.get<std::string>());
    CHECK(value.signature() == "v");
    CHECK(value.inner().signature() == "n");
}

TEST_CASE("properties of a dictionary are found by name and type") {
    const Value dict = variantDict({{"Address", Value("C4:7C:8D:6A:12:34")},
                                    {"Paired", Value(true)},
                                    {"Paired", Value(false)}});
    const auto properties = toProperties(dict);
    REQUIRE(properties);
    CHECK(property<std::string>(*properties, "Address") == "C4:7C:8D:6A:12:34");
    CHECK(property<bool>(*properties, "Paired") == false);
    CHECK_FALSE(property<bool>(*properties, "Address"));
    CHECK_FALSE(property<bool>(*properties, "Missing"));
}

TEST_CASE("what is no dictionary has no properties, and what is no array no texts") {
    CHECK_FALSE(toProperties(Value("text")));
    CHECK_FALSE(toProperties(Value(Bytes{1, 2})));
    CHECK_FALSE(toProperties(Value(Dict{"q", "v", {{std::uint16_t{6}, variantOf(Bytes{1})}}})));
    CHECK(toTexts(Value(true)).empty());
    CHECK(toTexts(Value(Array{"i", {std::int32_t{1}}})).empty());
    CHECK(toTexts(stringArray({"1810", "180a"})) == std::vector<std::string>{"1810", "180a"});
}

TEST_CASE("signatures are those of the D-Bus specification") {
    CHECK(Value(Struct{{"a", std::uint64_t{1}}}).signature() == "(st)");
    CHECK(variantDict({}).signature() == "a{sv}");
    CHECK(Value(Array{"(st)", {}}).signature() == "a(st)");
    CHECK(Value(Bytes{}).signature() == "ay");
    CHECK(Value(1.5).signature() == "d");
    CHECK(Value(ObjectPath{"/"}).signature() == "o");
    CHECK(Value(UnixFd{}).signature() == "h");
}
