#pragma once

#include <asio/io_context.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gateway/uplink/uplink.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/scripted_transport.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::uplink {

inline store::NewRow readingRow(const std::string& device = "cuff",
                                const std::string& kind = "blood-pressure") {
    store::NewRow row;
    row.record.mutable_reading()->set_device(device);
    row.record.mutable_reading()->set_kind(kind);
    return row;
}

inline UplinkOptions careOptions() {
    UplinkOptions options;
    options.name = "care";
    options.broker.brokers = {*BrokerAddress::parse("mqtt://127.0.0.1:1883")};
    options.broker.clientId = "hub-1";
    return options;
}

/// One uplink in virtual time, with a scripted broker and a store in memory.
struct Hub {
    explicit Hub(UplinkOptions with = careOptions()) : options(std::move(with)) { boot(); }

    /// A new process on the same store.
    void boot() {
        uplink.reset();
        uplink = std::make_unique<Uplink>(options, *Topics::make("vitalgate/v1/{hub}", "hub-1"),
                                          store, clock, random, broker.factory(), log);
        store.onCommitted([this](std::uint64_t newest) { uplink->committed(newest); });
    }
    void start() {
        uplink->start();
        clock.run();
    }
    void append(std::size_t count = 1) {
        for (std::size_t i = 0; i < count; ++i) store.append({readingRow()}, {}, nullptr);
        clock.run();
    }
    /// Sequences that reached the broker, in order of publishing, with repeats.
    [[nodiscard]] std::vector<std::uint64_t> received() const {
        std::vector<std::uint64_t> list;
        for (const auto& entry : broker.published) {
            v1::Batch batch;
            if (entry.message.retained || !batch.ParseFromString(entry.message.payload)) continue;
            for (const auto& record : batch.records()) list.push_back(record.sequence());
        }
        return list;
    }
    [[nodiscard]] std::vector<v1::HubStatus> statuses() const {
        std::vector<v1::HubStatus> list;
        for (const auto& entry : broker.below("/status")) {
            list.emplace_back();
            list.back().ParseFromString(entry.message.payload);
        }
        return list;
    }

    asio::io_context loop;
    testing::VirtualClock clock{loop};
    SeededRandom random{7};
    testing::MemoryStore store{clock};
    testing::ScriptedBroker broker{loop.get_executor()};
    std::vector<std::string> lines;
    Log log = Log::toFunction(
        LogLevel::debug, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    UplinkOptions options;
    std::unique_ptr<Uplink> uplink;
};

}  // namespace vitalgate::uplink
