//! The shells that complete cclink's words.

use clap::ValueEnum;

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// `source <(cclink completions bash)` in ~/.bashrc
    Bash,
    /// `source <(cclink completions zsh)` in ~/.zshrc, after compinit
    Zsh,
    /// `cclink completions fish | source` in ~/.config/fish/config.fish
    Fish,
    /// `eval (cclink completions elvish | slurp)` in ~/.config/elvish/rc.elv
    Elvish,
    /// `cclink completions powershell | Out-String | Invoke-Expression` in $PROFILE
    Powershell,
}

impl Shell {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Elvish => "elvish",
            Self::Powershell => "powershell",
        }
    }
}
