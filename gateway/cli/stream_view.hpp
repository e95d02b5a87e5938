#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "gateway/cli/format.hpp"
#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::cli {

/// Turns what a hub publishes into lines: of people's text, or of JSON with one message a line (a
/// Batch with one record, a HubStatus or a DeviceDescriptor). A record that comes twice is shown
/// once.
class StreamView {
  public:
    StreamView(Formatter formatter, bool json, std::function<void(std::string)> print);

    /// `topic` below the root. What is no valid message is shown as such, never as a value.
    void take(const std::string& topic, const std::string& payload);

    /// Devices that have delivered a reading since the start.
    [[nodiscard]] const std::set<std::string>& delivered() const { return delivered_; }

  private:
    void takeBatch(const std::string& topic, const std::string& payload);
    void takeRecord(const v1::Batch& header, const v1::Record& record);
    void takeStatus(const std::string& topic, const std::string& payload);
    void takeDevice(const std::string& topic, const std::string& payload);
    /// Shows a message as JSON.
    void printJson(const google::protobuf::Message& message);
    void printMalformed(const std::string& topic);
    /// False if it was seen; only the last ones are remembered.
    bool isNew(const std::string& stream, std::uint64_t sequence);

    Formatter formatter_;
    bool json_;
    std::function<void(std::string)> print_;
    std::set<std::string> delivered_;
    std::set<std::pair<std::string, std::uint64_t>> seen_;
    std::deque<std::pair<std::string, std::uint64_t>> order_;
    std::map<std::string, std::uint64_t> connections_;  ///< highest one of each hub
    std::map<std::string, std::string> statusLines_;    ///< last shown of each hub
};

}  // namespace vitalgate::cli
