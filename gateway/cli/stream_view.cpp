#include "gateway/cli/stream_view.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "vitalgate/v1/device.pb.h"

namespace vitalgate::cli {

namespace {
/// More than any window of messages in flight and any batch that is sent again.
constexpr std::size_t kRemembered = 20'000;
}  // namespace

StreamView::StreamView(Formatter formatter, bool json, std::function<void(std::string)> print)
    : formatter_(std::move(formatter)), json_(json), print_(std::move(print)) {}

void StreamView::take(const std::string& topic, const std::string& payload) {
    if (topic == "status") {
        takeStatus(topic, payload);
    } else if (topic.starts_with("devices/")) {
        takeDevice(topic, payload);
    } else {
        takeBatch(topic, payload);
    }
}

void StreamView::takeBatch(const std::string& topic, const std::string& payload) {
    v1::Batch batch;
    if (!batch.ParseFromString(payload)) return printMalformed(topic);
    v1::Batch header = batch;
    header.clear_records();
    for (const auto& record : batch.records()) takeRecord(header, record);
}

void StreamView::takeRecord(const v1::Batch& header, const v1::Record& record) {
    if (!isNew(header.stream(), record.sequence())) return;
    if (record.has_reading()) delivered_.insert(record.reading().device());
    if (json_) {
        v1::Batch one = header;
        *one.add_records() = record;
        return printJson(one);
    }
    switch (record.body_case()) {
        case v1::Record::kReading:
            return print_(formatter_.reading(record.reading()));
        case v1::Record::kEvent:
            return print_(formatter_.event(record.event()));
        case v1::Record::kResult:
            return print_(formatter_.result(record.result()));
        case v1::Record::BODY_NOT_SET:
            break;
    }
    print_(fmt::format("record {}: of a kind that this version does not know", record.sequence()));
}

void StreamView::takeStatus(const std::string& topic, const std::string& payload) {
    if (payload.empty()) return;
    v1::HubStatus status;
    if (!status.ParseFromString(payload)) return printMalformed(topic);
    // A will that comes after the hub has connected anew says nothing about now.
    auto& newest = connections_[status.hub()];
    if (status.connection() < newest) return;
    newest = status.connection();
    if (json_) return printJson(status);
    auto timeless = status;
    timeless.clear_now();
    auto line = formatter_.status(timeless);
    if (std::exchange(statusLines_[status.hub()], line) != line) print_(formatter_.status(status));
}

void StreamView::takeDevice(const std::string& topic, const std::string& payload) {
    if (payload.empty() || !json_) return;
    v1::DeviceDescriptor device;
    if (!device.ParseFromString(payload)) return printMalformed(topic);
    printJson(device);
}

void StreamView::printJson(const google::protobuf::Message& message) {
    std::string json;
    const auto written = google::protobuf::util::MessageToJsonString(message, &json);
    if (written.ok()) print_(std::move(json));
}

void StreamView::printMalformed(const std::string& topic) {
    if (!json_) print_(fmt::format("a message on {} that does not follow its format", topic));
}

bool StreamView::isNew(const std::string& stream, std::uint64_t sequence) {
    if (!seen_.emplace(stream, sequence).second) return false;
    order_.emplace_back(stream, sequence);
    if (order_.size() > kRemembered) {
        seen_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

}  // namespace vitalgate::cli
