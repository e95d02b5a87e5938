#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/value_reader.hpp"

namespace vitalgate::config {

/// What is wrong with a text of that form, as a sentence; nothing if it is right.
std::optional<std::string> checkForm(std::string_view text, const KeyInfo& info);

/// The text as the configuration keeps it: a public key without the lines of PEM around it.
std::string usualForm(std::string_view text, const KeyInfo& info);

/// "path", "zone name", "one of: a, b": the form as the reference names it.
std::string formWord(const KeyInfo& info);

/// "write for example Europe/Prague".
std::string formHint(const KeyInfo& info);

/// The place of a word among words with spaces between; -1 if it is none of them.
int wordIndex(std::string_view words, std::string_view word);

}  // namespace vitalgate::config
