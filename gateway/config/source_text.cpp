#include "gateway/config/source_text.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::config {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Octets of the UTF-8 character at the front, 0 if there is none (Unicode 15, table 3-7).
std::size_t characterLength(std::string_view text) {
    struct Form {
        unsigned char firstLow, firstHigh, secondLow, secondHigh;
        std::size_t length;
    };
    constexpr std::array<Form, 8> kForms{{{0xc2, 0xdf, 0x80, 0xbf, 2},
                                          {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                          {0xe1, 0xec, 0x80, 0xbf, 3},
                                          {0xed, 0xed, 0x80, 0x9f, 3},
                                          {0xee, 0xef, 0x80, 0xbf, 3},
                                          {0xf0, 0xf0, 0x90, 0xbf, 4},
                                          {0xf1, 0xf3, 0x80, 0xbf, 4},
                                          {0xf4, 0xf4, 0x80, 0x8f, 4}}};
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return 1;
    for (const auto& form : kForms) {
        if (first < form.firstLow || first > form.firstHigh) continue;
        if (text.size() < form.length) return 0;
        const auto second = static_cast<unsigned char>(text[1]);
        const bool rest = std::ranges::all_of(text.substr(2, form.length - 2), continues);
        return second >= form.secondLow && second <= form.secondHigh && rest ? form.length : 0;
    }
    return 0;
}

bool isControl(char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t' && c != '\n' && c != '\r') || octet == 0x7f;
}

}  // namespace

SourceText::SourceText(std::string_view text, const std::string& file)
    : text_(text), file_(std::make_shared<const std::string>(file)) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (text_[i] == '\n') lineStarts_.push_back(i + 1);
    }
}

std::string_view SourceText::line(std::size_t number) const {
    if (number >= lineStarts_.size()) return {};
    const auto start = lineStarts_[number];
    const auto end = number + 1 < lineStarts_.size() ? lineStarts_[number + 1] : text_.size();
    return text_.substr(start, end - start);
}

Place SourceText::place(std::size_t lineNumber, std::size_t byteColumn) const {
    const auto before = line(lineNumber).substr(0, byteColumn);
    const auto inside = std::ranges::count_if(before, continues);
    return {file_, lineNumber + 1, byteColumn + 1 - static_cast<std::size_t>(inside)};
}

bool SourceText::check(Problems& problems) const {
    for (std::size_t number = 0; number < lineStarts_.size(); ++number) {
        const auto content = line(number);
        const auto refuse = [&](std::size_t at, std::string_view sentence) {
            problems.add(place(number, at), "", sentence);
            return false;
        };
        for (std::size_t at = 0; at < content.size();) {
            const auto length = characterLength(content.substr(at));
            if (length == 0) return refuse(at, "not UTF-8: save the file as UTF-8");
            if (isControl(content[at])) return refuse(at, "a control character; remove it");
            at += length;
        }
        const auto indentation = content.substr(0, content.find_first_not_of(" \t"));
        const auto tab = indentation.find('\t');
        if (tab != std::string_view::npos && indentation.size() < content.size() &&
            content[indentation.size()] != '\n' && content[indentation.size()] != '\r') {
            return refuse(tab, "a tab in the indentation; YAML allows only spaces there");
        }
    }
    return true;
}

bool SourceText::quoteCloses(std::size_t lineNumber, std::size_t byteColumn) const {
    if (lineNumber >= lineStarts_.size()) return true;
    const auto rest = text_.substr(std::min(lineStarts_[lineNumber] + byteColumn, text_.size()));
    if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return true;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        const bool escaped = rest[0] == '"' && rest[i] == '\\';
        const bool doubled = rest[0] == '\'' && rest.substr(i).starts_with("''");
        if (escaped || doubled) {
            ++i;
        } else if (rest[i] == rest[0]) {
            return true;
        }
    }
    return false;
}

}  // namespace vitalgate::config
