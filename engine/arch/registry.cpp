// The list of supported architectures: one row each.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

extern const ArchSpec kAfmoe, kApertus, kArcee, kBaichuan, kBailingMoe, kBailingMoe2, kBert, kBitnet, kBloom, kCohere2,
    kCommandR, kDbrx, kDeci, kDeepseek, kDeepseek2, kDots1, kErnie45, kErnie45Moe, kEurobert, kExaone, kExaone4,
    kFalcon, kFalconH1, kGemma, kGemma2, kGemma3, kGemma3n, kGemma4, kGemmaEmbedding, kGlm4, kGlm4Moe, kGpt2, kGptNeox,
    kGptOss, kGranite, kGraniteHybrid, kGraniteMoe, kGrok, kHunyuanDense, kHunyuanMoe, kInternlm2, kJamba, kJinaBertV2,
    kJinaBertV3, kLfm2, kLfm2Moe, kLlama, kLlama4, kMamba, kMamba2Arch, kMinicpm, kMinicpm3, kMinimaxM2, kMistral3,
    kMistral4, kModernBert, kMpt, kNemotronH, kNemotronHMoe, kNomicBert, kNomicBertMoe, kOlmo, kOlmo2, kOlmoe, kOrion,
    kPhi2, kPhi3, kPhiMoe, kPlamo2, kQwen2, kQwen2Moe, kQwen2Vl, kQwen3, kQwen35, kQwen35Moe, kQwen3Moe, kQwen3Next,
    kQwen3Vl, kQwen3VlMoe, kRwkv6Arch, kRwkv7Arch, kSeedOss, kSmallthinker, kSmollm3, kStablelm, kStarcoder,
    kStarcoder2, kT5Encoder, kXverse;

namespace {

constexpr const ArchSpec* kArchitectures[] = {
    &kAfmoe,           //
    &kApertus,         //
    &kArcee,           //
    &kBaichuan,        //
    &kBailingMoe,      //
    &kBailingMoe2,     //
    &kBert,            //
    &kBitnet,          //
    &kBloom,           //
    &kCohere2,         //
    &kCommandR,        //
    &kDbrx,            //
    &kDeci,            //
    &kDeepseek,        //
    &kDeepseek2,       //
    &kDots1,           //
    &kErnie45,         //
    &kErnie45Moe,      //
    &kEurobert,        //
    &kExaone,          //
    &kExaone4,         //
    &kFalcon,          //
    &kFalconH1,        //
    &kGemma,           //
    &kGemma2,          //
    &kGemma3,          //
    &kGemma3n,         //
    &kGemma4,          //
    &kGemmaEmbedding,  //
    &kGlm4,            //
    &kGlm4Moe,         //
    &kGpt2,            //
    &kGptNeox,         //
    &kGptOss,          //
    &kGranite,         //
    &kGraniteHybrid,   //
    &kGraniteMoe,      //
    &kGrok,            //
    &kHunyuanDense,    //
    &kHunyuanMoe,      //
    &kInternlm2,       //
    &kJamba,           //
    &kJinaBertV2,      //
    &kJinaBertV3,      //
    &kLfm2,            //
    &kLfm2Moe,         //
    &kLlama,           //
    &kLlama4,          //
    &kMamba,           //
    &kMamba2Arch,      //
    &kMinicpm,         //
    &kMinicpm3,        //
    &kMinimaxM2,       //
    &kMistral3,        //
    &kMistral4,        //
    &kModernBert,      //
    &kMpt,             //
    &kNemotronH,       //
    &kNemotronHMoe,    //
    &kNomicBert,       //
    &kNomicBertMoe,    //
    &kOlmo,            //
    &kOlmo2,           //
    &kOlmoe,           //
    &kOrion,           //
    &kPhi2,            //
    &kPhi3,            //
    &kPhiMoe,          //
    &kPlamo2,          //
    &kQwen2,           //
    &kQwen2Moe,        //
    &kQwen2Vl,         //
    &kQwen3,           //
    &kQwen35,          //
    &kQwen35Moe,       //
    &kQwen3Moe,        //
    &kQwen3Next,       //
    &kQwen3Vl,         //
    &kQwen3VlMoe,      //
    &kRwkv6Arch,       //
    &kRwkv7Arch,       //
    &kSeedOss,         //
    &kSmallthinker,    //
    &kSmollm3,         //
    &kStablelm,        //
    &kStarcoder,       //
    &kStarcoder2,      //
    &kT5Encoder,       //
    &kXverse,          //
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
