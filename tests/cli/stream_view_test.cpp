#include "gateway/cli/stream_view.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace vitalgate;
using namespace vitalgate::cli;

namespace {

struct Shown {
    explicit Shown(bool json)
        : view(Formatter({}, TimeZone{}), json,
               [this](std::string line) { lines.push_back(std::move(line)); }) {}

    std::vector<std::string> lines;
    StreamView view;
};

v1::Batch batchOf(std::initializer_list<std::uint64_t> sequences) {
    v1::Batch batch;
    batch.set_hub("hub-1");
    batch.set_stream("abc");
    for (const auto sequence : sequences) {
        auto& record = *batch.add_records();
        record.set_sequence(sequence);
        record.mutable_reading()->set_device("cuff");
        record.mutable_reading()->set_kind("weight");
    }
    return batch;
}

std::string status(v1::HubState state, std::uint64_t connection) {
    v1::HubStatus message;
    message.set_hub("hub-1");
    message.set_state(state);
    message.set_connection(connection);
    return message.SerializeAsString();
}

}  // namespace

TEST_CASE("live messages and batches are shown alike, each record once") {
    Shown shown(false);
    shown.view.take("readings/cuff/weight", batchOf({1}).SerializeAsString());
    shown.view.take("batches", batchOf({1, 2, 3}).SerializeAsString());
    CHECK(shown.lines.size() == 3);
    CHECK(shown.view.delivered() == std::set<std::string>{"cuff"});
    auto otherStream = batchOf({1});
    otherStream.set_stream("def");
    shown.view.take("batches", otherStream.SerializeAsString());
    CHECK(shown.lines.size() == 4);
}

TEST_CASE("as JSON each record is one batch on one line") {
    Shown shown(true);
    shown.view.take("batches", batchOf({1, 2}).SerializeAsString());
    CHECK(
        shown.lines ==
        std::vector<std::string>{
            R"({"hub":"hub-1","stream":"abc","records":[{"sequence":"1","reading":{"device":"cuff","kind":"weight"}}]})",
            R"({"hub":"hub-1","stream":"abc","records":[{"sequence":"2","reading":{"device":"cuff","kind":"weight"}}]})"});
    shown.view.take("status", status(v1::HUB_ONLINE, 1));
    CHECK(shown.lines.back() == R"({"hub":"hub-1","state":"HUB_ONLINE","connection":"1"})");
}

TEST_CASE("the hub's status is shown when it changes, and a stale will is ignored") {
    Shown shown(false);
    shown.view.take("status", status(v1::HUB_ONLINE, 7));
    shown.view.take("status", status(v1::HUB_ONLINE, 7));
    CHECK(shown.lines.size() == 1);
    shown.view.take("status", status(v1::HUB_LOST, 6));
    CHECK(shown.lines.size() == 1);
    shown.view.take("status", status(v1::HUB_LOST, 7));
    CHECK(shown.lines.size() == 2);
    CHECK(shown.lines.back().ends_with("hub-1 is lost"));
    shown.view.take("status", "");
    CHECK(shown.lines.size() == 2);
}

TEST_CASE("what is no message is said to be none") {
    Shown shown(false);
    shown.view.take("readings/cuff/weight", "\xff\xff");
    shown.view.take("status", "\xff");
    CHECK(shown.lines == std::vector<std::string>{
                             "a message on readings/cuff/weight that does not follow its format",
                             "a message on status that does not follow its format"});
    v1::Batch unknown;
    unknown.add_records()->set_sequence(4);
    shown.view.take("batches", unknown.SerializeAsString());
    CHECK(shown.lines.back() == "record 4: of a kind that this version does not know");
    CHECK(shown.view.delivered().empty());
}

TEST_CASE("only the last records are remembered") {
    Shown shown(false);
    for (std::uint64_t i = 1; i <= 20'001; ++i) {
        shown.view.take("batches", batchOf({i}).SerializeAsString());
    }
    shown.lines.clear();
    shown.view.take("batches", batchOf({20'001, 1}).SerializeAsString());
    CHECK(shown.lines.size() == 1);
}
