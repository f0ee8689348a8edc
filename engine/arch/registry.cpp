// The list of supported architectures: one row each.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

extern const ArchSpec kBaichuan, kBert, kCohere2, kCommandR, kDeepseek2, kFalcon, kGemma, kGemma2, kGemma3,
    kGemmaEmbedding, kGpt2, kGptNeox, kGptOss, kGranite, kGraniteMoe, kInternlm2, kJinaBertV2, kLfm2, kLlama, kLlama4,
    kMinicpm, kModernBert, kNomicBert, kNomicBertMoe, kOlmo2, kPhi2, kPhi3, kQwen2, kQwen2Moe, kQwen3, kQwen35,
    kQwen3Moe, kSmollm3, kStablelm, kStarcoder2;

namespace {

constexpr const ArchSpec* kArchitectures[] = {
    &kBaichuan,        //
    &kBert,            //
    &kCohere2,         //
    &kCommandR,        //
    &kDeepseek2,       //
    &kFalcon,          //
    &kGemma,           //
    &kGemma2,          //
    &kGemma3,          //
    &kGemmaEmbedding,  //
    &kGpt2,            //
    &kGptNeox,         //
    &kGptOss,          //
    &kGranite,         //
    &kGraniteMoe,      //
    &kInternlm2,       //
    &kJinaBertV2,      //
    &kLfm2,            //
    &kLlama,           //
    &kLlama4,          //
    &kMinicpm,         //
    &kModernBert,      //
    &kNomicBert,       //
    &kNomicBertMoe,    //
    &kOlmo2,           //
    &kPhi2,            //
    &kPhi3,            //
    &kQwen2,           //
    &kQwen2Moe,        //
    &kQwen3,           //
    &kQwen35,          //
    &kQwen3Moe,        //
    &kSmollm3,         //
    &kStablelm,        //
    &kStarcoder2,      //
};

}  // namespace

std::span<const ArchSpec* const> architectures() noexcept {
  return kArchitectures;
}

const ArchSpec* find_architecture(std::string_view gguf_arch) noexcept {
  for (const ArchSpec* arch : kArchitectures) {
    if (gguf_arch == arch->gguf_arch) return arch;
  }
  return nullptr;
}

}  // namespace quern::engine
