//! By which ways text reaches the clipboard of whoever sits at this terminal.

/// What stands between us and that clipboard, as the environment tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clipboards {
    /// tmux.
    pub tmux: bool,
    /// GNU screen.
    pub screen: bool,
    /// SSH: the desktop of this machine is not the user's.
    pub remote: bool,
    /// Programs that take the text, by their commands.
    pub tools: Vec<&'static [&'static str]>,
}

impl Clipboards {
    /// By which variables have a value.
    pub fn of(is_set: impl Fn(&str) -> bool) -> Self {
        let (tmux, remote) = (is_set("TMUX"), is_set("SSH_TTY") || is_set("SSH_CONNECTION"));
        let mut tools: Vec<&'static [&'static str]> = Vec::new();
        if tmux {
            // sends it on to the terminal of whoever is attached
            tools.push(&["tmux", "load-buffer", "-w", "-"]);
        }
        // on the far side of SSH a desktop's clipboard is not the user's
        if !remote {
            if cfg!(target_os = "macos") {
                tools.push(&["pbcopy"]);
            }
            if is_set("WAYLAND_DISPLAY") {
                tools.push(&["wl-copy"]);
            }
            if is_set("DISPLAY") {
                tools.push(&["xclip", "-selection", "clipboard"]);
            }
            if is_set("WSL_DISTRO_NAME") {
                tools.push(&["clip.exe"]);
            }
        }
        Self { tmux, screen: !tmux && is_set("STY"), remote, tools }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_ssh_the_desktop_of_the_far_side_is_left_alone() {
        let far = Clipboards::of(|name| matches!(name, "SSH_TTY" | "DISPLAY" | "WAYLAND_DISPLAY"));
        assert!(!cfg!(target_os = "linux") || far.tools.is_empty());
    }
}
