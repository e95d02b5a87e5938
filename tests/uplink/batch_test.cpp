#include "gateway/uplink/batch.hpp"

#include <doctest/doctest.h>

#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {
namespace {

store::StoredRow rowOf(std::uint64_t sequence, std::size_t padding) {
    v1::Record record;
    record.set_sequence(sequence);
    record.mutable_reading()->set_device(std::string(padding, 'd'));
    return {sequence, v1::PRIORITY_READING, {}, record.SerializeAsString()};
}

}  // namespace

TEST_CASE("header and stored bytes put together are the batch, at every length of a row") {
    v1::Batch header;
    header.set_hub("hub-1");
    header.set_newest(9);
    header.set_lane(v1::LANE_BACKLOG);
    for (const std::size_t padding : {0U, 1U, 100U, 127U, 128U, 129U, 16000U, 16383U, 16384U}) {
        const std::vector rows = {rowOf(1, padding), rowOf(2, 3)};
        const auto bytes = encodeBatch(header, rows);
        CHECK(bytes.size() ==
              header.ByteSizeLong() + batchBytesOf(rows[0]) + batchBytesOf(rows[1]));
        v1::Batch batch;
        REQUIRE(batch.ParseFromString(bytes));
        CHECK(batch.hub() == "hub-1");
        CHECK(batch.newest() == 9);
        REQUIRE(batch.records_size() == 2);
        CHECK(batch.records(0).SerializeAsString() == rows[0].bytes);
        CHECK(batch.records(1).SerializeAsString() == rows[1].bytes);
    }
}

TEST_CASE("bytes that are no record are still carried unchanged") {
    const std::vector<store::StoredRow> rows = {{5, v1::PRIORITY_READING, {}, "\xFF\xFF\xFF"}};
    const auto bytes = encodeBatch({}, rows);
    CHECK(bytes == "\x42\x03\xFF\xFF\xFF");
}

TEST_CASE("the header never exceeds the room that is kept for it") {
    v1::Batch header;
    header.set_hub(std::string(64, 'h'));
    header.set_stream(std::string(13, 's'));
    header.set_oldest_held(~std::uint64_t{0});
    header.set_newest(~std::uint64_t{0});
    header.set_lane(v1::LANE_REPLAY);
    CHECK(header.ByteSizeLong() <= kBatchHeaderBytes);
}

TEST_CASE("each message and status says from which sequence on rows are held") {
    Hub hub;
    hub.append();
    hub.append();
    hub.append();
    hub.store.erase(1);
    hub.start();
    hub.append();
    for (const auto* part : {"/batches", "/readings/", "/status"}) {
        const auto out = hub.broker.below(part);
        REQUIRE_FALSE(out.empty());
        if (std::string_view(part) == "/status") {
            v1::HubStatus status;
            REQUIRE(status.ParseFromString(out.back().message.payload));
            CHECK(status.oldest_held() == 2);
            continue;
        }
        v1::Batch batch;
        REQUIRE(batch.ParseFromString(out.back().message.payload));
        CHECK(batch.oldest_held() == 2);
    }
}

}  // namespace vitalgate::uplink
