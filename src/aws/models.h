// The texts of models/*.json; the build makes models.cpp of them.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace aws {

/// (name of the service, its model)
std::span<const std::pair<std::string_view, std::string_view>> model_texts();

}  // namespace aws
