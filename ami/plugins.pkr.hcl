# For Packer 1.7 and newer, which brings no builders: `packer init ami/plugins.pkr.hcl`, once. Packer 1.6 has the
# amazon builder inside and knows nothing of this block, so it stands apart from what both can read.
packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.0, < 2.0.0"
    }
  }
}
