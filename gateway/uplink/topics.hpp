#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.hpp"
#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::uplink {

/// The topics of one hub below one root; the table of them is in proto/README.md.
class Topics {
  public:
    /// See hubRoot().
    static Result<Topics> make(std::string_view root, std::string_view hub);

    [[nodiscard]] const std::string& hub() const { return hub_; }
    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] std::string status() const { return root_ + "/status"; }
    [[nodiscard]] std::string batches() const { return root_ + "/batches"; }
    [[nodiscard]] std::string commands() const { return root_ + "/commands"; }
    [[nodiscard]] std::string receipts() const { return root_ + "/receipts"; }
    [[nodiscard]] std::string device(std::string_view device) const;
    /// "results", or below it: the response topic of a command.
    [[nodiscard]] std::string results(std::string_view suffix) const;
    /// Where a record goes alone; `batches` if it is of no kind that has a topic.
    [[nodiscard]] std::string live(const v1::Record& record, std::string_view resultSuffix) const;
    /// What a consumer subscribes to.
    [[nodiscard]] std::vector<std::string> outgoing() const;

    /// The part below the root; none for another root.
    [[nodiscard]] std::optional<std::string> below(std::string_view topic) const;
    /// What stands below "results/" in a response topic (see base/topic.hpp); empty if there is no
    /// response topic.
    [[nodiscard]] Result<std::string> resultSuffix(std::string_view responseTopic) const;

  private:
    Topics(std::string root, std::string hub) : root_(std::move(root)), hub_(std::move(hub)) {}

    std::string root_;
    std::string hub_;
};

}  // namespace vitalgate::uplink
