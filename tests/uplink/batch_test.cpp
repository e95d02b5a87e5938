#include "gateway/uplink/batch.hpp"

#include <doctest/doctest.h>

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

}  // namespace vitalgate::uplink
