// Consumers in the field must be able to read what any later hub of major version 1 sends. The
// descriptors of the last release lie in proto/released.binpb; proto/README.md says when to renew
// it.
#include <doctest/doctest.h>

#include <fstream>

#include "tests/proto/descriptor_comparison.hpp"
#include "tests/support/paths.hpp"
#include "vitalgate/v1/command.pb.h"
#include "vitalgate/v1/stream.pb.h"

using google::protobuf::FileDescriptorSet;
using vitalgate::testing::breaches;

namespace {

FileDescriptorSet releasedSet() {
    std::ifstream file(vitalgate::testing::sourceFolder() + "/proto/released.binpb",
                       std::ios::binary);
    FileDescriptorSet set;
    REQUIRE(set.ParseFromIstream(&file));
    REQUIRE(set.file_size() >= 7);
    return set;
}

void addWithImports(const google::protobuf::FileDescriptor& file, FileDescriptorSet& set) {
    for (const auto& known : set.file()) {
        if (known.name() == file.name()) return;
    }
    file.CopyTo(set.add_file());
    for (int i = 0; i < file.dependency_count(); ++i) addWithImports(*file.dependency(i), set);
}

FileDescriptorSet compiledSet() {
    FileDescriptorSet set;
    addWithImports(*vitalgate::v1::Batch::descriptor()->file(), set);
    return set;
}

google::protobuf::DescriptorProto& message(FileDescriptorSet& set, const std::string& name) {
    for (auto& file : *set.mutable_file()) {
        for (auto& type : *file.mutable_message_type()) {
            if (type.name() == name) return type;
        }
    }
    FAIL("no message " << name);
    std::abort();
}

}  // namespace

TEST_CASE("the messages of today break nothing that was released") {
    for (const auto& breach : breaches(releasedSet(), compiledSet())) FAIL_CHECK(breach);
}

TEST_CASE("each kind of breach is found") {
    const auto released = releasedSet();
    auto now = released;
    auto& reading = message(now, "Reading");
    SUBCASE("a removed field") {
        reading.mutable_field()->DeleteSubrange(0, 1);
    }
    SUBCASE("a number with another name") {
        reading.mutable_field(0)->set_name("identifier");
    }
    SUBCASE("another type") {
        reading.mutable_field(0)->set_type(google::protobuf::FieldDescriptorProto::TYPE_BYTES);
    }
    SUBCASE("another label") {
        reading.mutable_field(0)->set_label(google::protobuf::FieldDescriptorProto::LABEL_REPEATED);
    }
    SUBCASE("a removed message") {
        message(now, "Span").set_name("Gap");
    }
    SUBCASE("a reserved number in use") {
        auto& field = *message(now, "Command").add_field();
        field.set_name("dose");
        field.set_number(91);
    }
    SUBCASE("a renamed enum value") {
        for (auto& file : *now.mutable_file()) {
            if (file.enum_type_size() > 0) {
                file.mutable_enum_type(0)->mutable_value(1)->set_name("OTHER");
            }
        }
    }
    CHECK_FALSE(breaches(released, now).empty());
}

TEST_CASE("an addition, and a removal that is reserved, are no breach") {
    const auto released = releasedSet();
    auto now = released;
    auto& span = message(now, "Span");
    auto& added = *span.add_field();
    added.set_name("note");
    added.set_number(50);
    auto& range = *span.add_reserved_range();
    range.set_start(span.field(0).number());
    range.set_end(span.field(0).number() + 1);
    span.add_reserved_name(span.field(0).name());
    span.mutable_field()->DeleteSubrange(0, 1);
    CHECK(breaches(released, now).empty());
}
