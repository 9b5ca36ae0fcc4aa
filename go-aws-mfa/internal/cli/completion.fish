# Completion for aws-mfa. Save it as ~/.config/fish/completions/aws-mfa.fish
function __aws_mfa_profiles
    set -l files $HOME/.aws/credentials $HOME/.aws/config
    set -q AWS_SHARED_CREDENTIALS_FILE; and set files[1] $AWS_SHARED_CREDENTIALS_FILE
    set -q AWS_CONFIG_FILE; and set files[2] $AWS_CONFIG_FILE
    sed -n -e 's/^\[profile \(.*\)\]$/\1/p' -e 's/^\[\([^] ]*\)\]$/\1/p' $files 2>/dev/null
end
complete -c aws-mfa -f
complete -c aws-mfa -n 'test (count (commandline -opc)) = 1' -a completion -d 'print the completion script for a shell'
complete -c aws-mfa -n 'test (count (commandline -opc)) = 1' -a set-serial -d 'set the MFA device of a profile'
complete -c aws-mfa -n '__fish_seen_subcommand_from completion' -a '@SHELLS@'
