#pragma once

#include <memory>
#include <string>

#include "gateway/base/bytes.hpp"

namespace vitalgate::store {

/// A layer between SQLite and the operating system that shows a database with another first page
/// than its file has. The file stays as it is, and needs not be copied. SQLite knows the layer as
/// long as this lives, which must be longer than any connection through it.
class PageOverlay {
  public:
    /// `vfs`: the layer below; empty: SQLite's default.
    PageOverlay(Bytes firstPage, const std::string& vfs);
    PageOverlay(const PageOverlay&) = delete;
    PageOverlay& operator=(const PageOverlay&) = delete;
    ~PageOverlay();

    /// For Database::open().
    [[nodiscard]] const std::string& name() const;

  private:
    struct Layer;
    std::unique_ptr<Layer> layer_;
};

}  // namespace vitalgate::store
