#pragma once

#include <string_view>

#include "gateway/config/yaml.hpp"

namespace vitalgate::config {

/// A file's text with a way from the parser's byte columns to the characters that a person counts.
class SourceText {
  public:
    SourceText(std::string_view text, const std::string& file);

    /// Line and byte column from 0, as yaml-cpp marks them.
    [[nodiscard]] Place place(std::size_t line, std::size_t byteColumn) const;
    /// Adds what makes the text unfit to be read at all: not UTF-8, control characters, tabs in the
    /// indentation. True if there was nothing.
    bool check(Problems& problems) const;
    /// Whether the quoted text that begins there has its closing quote.
    [[nodiscard]] bool quoteCloses(std::size_t line, std::size_t byteColumn) const;

    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] Place whole() const { return {file_, 0, 0}; }

  private:
    [[nodiscard]] std::string_view line(std::size_t number) const;

    std::string_view text_;
    std::shared_ptr<const std::string> file_;
    std::vector<std::size_t> lineStarts_{0};
};

}  // namespace vitalgate::config
