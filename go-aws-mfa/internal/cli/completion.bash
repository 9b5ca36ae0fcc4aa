# Completion for aws-mfa. Add this to ~/.bashrc: source <(aws-mfa completion bash)
_aws_mfa_profiles() {
    sed -n -e 's/^\[profile \([^] ]*\)\]$/\1/p' -e 's/^\[\([^] ]*\)\]$/\1/p' \
        "${AWS_SHARED_CREDENTIALS_FILE:-$HOME/.aws/credentials}" "${AWS_CONFIG_FILE:-$HOME/.aws/config}" 2>/dev/null
}
_aws_mfa() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} choices='@FLAGS@' before=
    case $previous/$current in
    */=) current= ;; # bash splits --format=json into three words
    =/*) previous=${COMP_WORDS[COMP_CWORD-2]} ;;
    */-*=*) before=${current%%=*}= previous=${current%%=*} current=${current#*=} ;; # zsh does not
    esac
    case $previous in
    -s | --source-profile | -d | --destination-profile) choices=$(_aws_mfa_profiles) ;;
    --format) choices='@FORMATS@' ;;
    completion) choices='@SHELLS@' ;;
    @VALUED@) choices= ;;
    *) [ "$COMP_CWORD" = 1 ] && choices="$choices completion set-serial" ;;
    esac
    local IFS=$' \t\n'
    COMPREPLY=($(compgen -P "$before" -W "$choices" -- "$current"))
}
complete -F _aws_mfa aws-mfa
