# Makes OUT, a C++ file with the texts of MODELS (a list of files), which aws/models.h declares.
# Raw strings hold them: no model contains `)model"`.
set(entries)
foreach(file IN LISTS MODELS)
  cmake_path(GET file STEM service)
  file(READ ${file} text)
  string(APPEND entries "    {\"${service}\", R\"model(${text})model\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"aws/models.h\"\n\nnamespace aws {\n\nstd::span<const std::pair<std::string_view, std::string_view>> model_texts() {\n  static constexpr std::pair<std::string_view, std::string_view> texts[] = {\n${entries}  };\n  return texts;\n}\n\n}  // namespace aws\n")
