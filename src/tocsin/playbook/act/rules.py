"""What commands do that neither their program's name nor their sub-command says in the prohibition's own words.

Each rule is matched from the beginning of a command in one line, in lower case, the program without its directory. What
a word says by itself (``docker restart``) needs no rule: prohibitions carry such words as verbs.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.words import Act

_CLOUD = r"(?:aws|gcloud|az|openstack|doctl|hcloud|linode-cli|oci|ibmcloud)"
_ENGINE = r"(?:docker|podman|nerdctl|docker-compose|podman-compose)"
_CONFIG_FILE = r"(?:/etc/\S+|\S+\.(?:conf|cnf|cfg|ini|ya?ml|toml|properties|env)|(?:\S*/)?\.env\S*)"
_CLUSTER = (
    r"(?:kubectl|oc|k)(?: (?:-n|-s|-v|--(?:namespace|context|cluster|user|kubeconfig|server|as|as-group|as-uid|token|"
    r"request-timeout|cache-dir|certificate-authority|client-certificate|client-key|tls-server-name|v|vmodule)) \S+|"
    r" (?!(?:-n|-s|-v|--(?:namespace|context|cluster|user|kubeconfig|server|as|as-group|as-uid|token|request-timeout|"
    r"cache-dir|certificate-authority|client-certificate|client-key|tls-server-name|v|vmodule)) )-\S+)*"
)
_COMPOSE = (
    r"(?:docker(?: (?:-c|-h|-l|--(?:config|context|host|log-level)) \S+| -\S+)* compose|docker-compose|podman-compose)"
    r"(?: (?:-f|-p|--(?:file|project-name|project-directory|profile|env-file|ansi|progress|parallel)) \S+| -\S+)*"
)
"""What stands before the verb: a verb's name may also be that of a pod, a node or a label."""


def _rule(act: Act, *patterns: str) -> tuple[Act, re.Pattern[str]]:
    return act, compile_late("|".join(f"(?:{pattern})" for pattern in patterns))


RULES = (
    _rule(
        Act.RESTART,
        r"(?:tel)?init [16]\b",
        r"shutdown\b.* -r",
        r"(?:p|s)?kill(?:all)?\b.*-(?:s ?)?(?:hup|sighup|1|usr2)\b",
        r"fuser\b.* -(?:hup|sighup|1|usr[12])\b",
        r"(?:python|perl|ruby|node|php|lua)\S*\b.*\bkill\b.*(?:hup|usr[12]|, ?1\b)",
        r"start-stop-daemon\b.* (?:-s|--signal)[ =]?(?:hup|usr[12]|1)\b",
        r"curl\b.*/(?:containers|pods)/[^/ ]+/kill\?signal=(?:sig)?(?:hup|usr[12]|1)\b",
        r"gitlab-ctl (?:hup|usr[12]|term|int)\b",
        r"haproxy\b.* -(?:sf|st)\b",
        r"pm2 resurrect\b",
        r"kexec -e\b",
        r"podman\b.* play kube\b.*--replace",
        rf"{_COMPOSE} watch\b",
        rf"(?:p?kill(?:all)?|{_ENGINE}\b.* kill|systemctl\b.* kill)\b.* -{{1,2}}(?:s|n|signal)[ =]?"
        r"(?:sig)?(?:hup|usr1|usr2|1|10|12)\b",
        r"kill(?: -[sn] \S+| -\S+)* 1$",
        r"launchctl kickstart\b.* -\w*k",
        r"svc -\w*[trhk]",
        r"(?:kubectl|oc)\b.* delete (?:(?:pods?|po)\b|(?:-\S+ )*\$)",
        r"(?:kubectl|oc)\b.* set (?:env|image)\b",
        r"nginx -s reload",
        r"(?:dbus-send|busctl|gdbus)\b.*\b(?:re(?:load-?or-?)?|try)?(?:re)?startunit\b",
        r"systemctl\b.* daemon-reexec\b",
        r"(?:s6-svc|sv|s6-rc)\b.* (?:-\w*[rt]\w*|restart|hup|term|t|h|force-\w+)\b",
        r"systemctl\b.* (?:isolate|kexec|soft-reboot)\b",
        r"(?:echo [bc]|tee|dd|cp)\b.*sysrq",
        r"apachectl .*graceful",
        r"docker\b.* (?:service update|update-service)\b.*--force",
        r"aws ecs .*--force-new-deployment",
    ),
    _rule(
        Act.STOP,
        r"(?:tel)?init 0\b",
        r"(?:kubectl|oc|docker)\b.* scale\b.*=0\b",
        r"p?kill(?:all)?\b(?!.* -(?:0|l)\b)",
        r"(?:systemctl|service)\b.*\bdisable --now",
        r"docker\b.* pause\b",
        r"fuser .*-k",
    ),
    _rule(
        Act.POWER,
        r"(?:poweroff|shutdown|halt|reboot)\b(?! -c)",
        r"(?:tel)?init [06]\b",
        r"systemctl\b.* (?:poweroff|halt|reboot|suspend|hibernate|kexec)\b",
        r"ipmitool .*power (?:off|cycle|soft|reset)",
        r"virsh (?:shutdown|destroy|reboot|reset)",
        rf"{_CLOUD}\b.*(?:stop|terminate|reboot|deallocate|power-?off|reset)",
        r"(?:pm-suspend|pm-hibernate)\b",
        r"(?:qm|pct|xl|vboxmanage)\b.* (?:stop|shutdown|poweroff|destroy)",
    ),
    _rule(
        Act.DELETE,
        r"mkfs\S*",
        r"wipefs\b",
        r"blkdiscard\b",
        r"find\b.* -delete\b",
        r"rsync\b.* --delete",
        r"git clean\b",
        r"redis-cli\b.* flush(?:all|db)\b",
        r"(?:dd)\b.* of=/dev/",
        r"dd\b(?=.* if=/dev/null\b).* of=(?!/dev/null)",
        r"docker swarm leave\b",
        rf"{_CLUSTER} replace\b.* --force\b",
        r"ansible\b.*\bstate=absent\b",
        r"mongo(?:sh)?\b.*\.(?:delete(?:one|many)|remove|drop(?:database|index\w*)?|findoneanddelete)\b",
        r"mv\b.* /var/lib/(?:docker|containerd|containers)/",
        r"terraform destroy",
        r"helm (?:un)?install? ?delete",
        r"helm uninstall\b",
        r"mv \S+ /dev/null",
        rf"{_CLOUD}\b.*\b(?:terminate|delete|rm|remove)\S*",
        r"lvremove\b",
        r"zfs destroy",
        r"curl\b.* (?:-x|--request) ?=?delete\b",
        r"userdel\b",
        r"ipcrm\b",
    ),
    _rule(
        Act.EVICT,
        rf"{_CLUSTER} (?:drain\b|scale\b.*=0\b|patch\b.*replicas\W*0\b)",
        rf"{_COMPOSE} up\b.* --scale[ =]\S+=0\b",
        rf"(?:{_COMPOSE}|docker service) scale\b.*=0\b",
    ),
    _rule(
        Act.DEPLOY,
        r"(?:kubectl|oc)\b.* (?:apply|create|replace|set image|patch)\b",
        r"helm (?:install|upgrade)\b",
        r"argocd app sync",
        r"flux reconcile",
        r"(?:vercel|netlify|serverless|sls|cdk|eb|fly|flyctl|gcloud app)\b.*deploy",
        r"pulumi up\b",
        r"terraform apply\b",
        r"docker\b.* (?:stack deploy|service update|service create)\b",
        r"docker(?:-compose)?\b.* up\b.*--(?:build|pull)",
        r"(?:npm|pnpm|yarn|cargo|twine|gem) (?:publish|upload)\b",
        r"git push\b",
        r"gh (?:workflow run|release create|pr merge)\b",
        r"aws (?:ecs update-service|lambda update-f|deploy)",
        r"nomad (?:job )?run\b",
        r"ansible-playbook\b.*deploy",
        r"vercel --prod",
    ),
    _rule(Act.ROLLBACK, r"git (?:revert|reset --hard)\b", r"(?:kubectl|oc)\b.* rollout undo\b", r"helm rollback\b"),
    _rule(
        Act.RESTORE,
        r"(?:pg_restore|mongorestore|mysqlimport)\b",
        r"(?:xtrabackup|mariabackup)\b.*--(?:copy|move)-back",
        r"(?:restic|velero|borg|duplicity|pgbackrest|wal-g|barman|etcdctl|influx)\b.*(?:restore|recover|extract|fetch)",
        r"(?:psql|mysql|mariadb|sqlite3)\b.*(?: -f|\.sql\b)",
        r"(?:cp|rsync|mv|scp)\b.*\bback-?ups?\S* (?!\S*back-?up)\S+$",
        r"tar\b.* -?\w*x\w*\b.*back-?up",
        rf"{_CLOUD}\b.*(?:restore|from-snapshot|rollback)",
        r"zfs rollback",
    ),
    _rule(
        Act.FAILOVER,
        r"pg_ctl\b.* promote",
        r"(?:patronictl|repmgr|orchestrator\S*|stolonctl)\b.*(?:switchover|failover|promote|takeover)",
        r"redis-cli\b.*(?:failover|replicaof|slaveof)\b",
        r".*\brs\.(?:stepdown|reconfig)",
        r".*pg_promote\(",
        rf"{_CLOUD}\b.*(?:failover|promote|switchover|change-resource-record-sets)",
        r".*\b(?:change master|change "
        r"replication source|reset (?:slave|replica)|stop (?:slave|replica))\b",
        r"keepalived\b",
    ),
    _rule(
        Act.SCALE,
        r"(?:kubectl|oc)\b.* (?:scale|autoscale)\b",
        r"docker(?:-compose)?\b.*(?: scale\b|--scale|--replicas)",
        rf"{_CLOUD}\b.*(?:desired-c|set-capacity|resize|scale|--min-size|--max-size|modify-instance)",
        r"(?:heroku|fly|flyctl|nomad|eksctl)\b.*scal",
        r"(?:kubectl|oc)\b.* patch\b.*replicas",
        r"docker update\b.*--(?:cpus|memory)",
    ),
    _rule(
        Act.FIREWALL,
        r"(?:ip6?tables(?:-restore)?|ebtables|arptables)\b(?!.* (?:-[a-z]*l|-s|--list\S*|-c|--check|--version)\b)",
        r"nft (?!list|-?-?version)",
        r"ufw (?!status|show|version|app list)",
        r"ipset (?!list|test|save)",
        r"firewall-cmd\b(?!.*--(?:list|get|state|query))",
        r"pfctl (?!-s)",
        r"fail2ban-client set\b",
        rf"{_CLOUD}\b.*(?:security-group|firewall|nsg|network-acl)\S*.*(?:authorize|revoke|create|update|delete|add|remove)",
        r"aws ec2 (?:authorize|revoke)-",
        r"(?:kubectl|oc)\b.*(?:apply|create|delete|edit|patch).*networkpol",
        r"(?:systemctl|service)\b.*\b(?:stop|start|restart|reload|disable|enable)\b.*(?:firewalld|ufw|iptables|nftables)",
        r"(?:iptables-restore|nft -f)\b",
        r"ip route (?:add|del|replace)|route (?:add|del)",
    ),
    _rule(
        Act.CONFIG,
        r"sysctl\b.* (?:-w\b|\S+=)",
        r"(?:kubectl|oc)\b.* (?:edit|apply|patch|set|replace|annotate|label)\b",
        r".*\balter system\b",
        r"redis-cli\b.* config (?:set|rewrite)\b",
        r"(?:consul kv put|etcdctl put)\b",
        r"systemctl\b.* (?:edit|set-property|daemon-reload|mask|enable|disable)\b",
        r"git config (?!--get|--list|-l)",
        rf"(?:sed|perl)\b.* -\w*i.*{_CONFIG_FILE}",
        rf"(?:vi|vim|nano|ed|ex|emacs|tee|touch|chmod|chown)\b.* {_CONFIG_FILE}",
        rf"(?:cp|mv|install|ln|rsync)\b.* {_CONFIG_FILE}$",
        r"crudini\b.*--set",
        r"augtool\b.*set",
        r"(?:crontab (?!-l))",
        r"mysql\b.*set (?:global|persist)",
        r"visudo\b",
        r"(?:hostnamectl|timedatectl|localectl) set",
        r"a2(?:en|dis)\w+",
        rf"{_CLOUD}\b.*(?:put-parameter|modify-db-parameter|update-config|set-config|configure set)",
        r"docker (?:config|update)\b.*(?:create|rm|--)",
    ),
    _rule(
        Act.KEYS,
        r"(?:passwd|chpasswd|usermod)\b(?! -s)",
        r"ssh-keygen\b(?!.* -[ly]\w*\b)",
        r"(?:age-keygen|mkpasswd)\b",
        r"openssl (?:genrsa|genpkey|req|ecparam|rand)\b",
        r"certbot (?:renew|certonly|revoke|delete|run)",
        r"vault (?:write|kv (?:put|delete|destroy|patch)|operator (?:rekey|rotate|seal|unseal|init)|"
        r"token (?:create|revoke)|lease revoke|delete)",
        r"aws iam (?:create|update|delete)-(?:access-key|login|ssh|signing|user)",
        r"aws (?:secretsmanager|kms|ssm|acm) (?:rotate|put|update|delete|schedule|create|disable|cancel|import)",
        r"(?:kubectl|oc)\b.* (?:create|delete|edit|patch|replace) secrets?\b",
        r"gpg\b.*--(?:gen|full-gen|delete|quick)",
        r"sops\b.*(?:--rotate|-r\b|rotate|updatekeys)",
        r"kubeadm certs renew",
        r"htpasswd\b",
        r"keytool\b.*-(?:gen|del|imp)",
        r".*\b(?:alter|create|drop) (?:user|role)\b.*(?:password|identified)",
        r"gcloud .*(?:keys|secrets) .*(?:create|delete|"
        r"destroy|disable|add|update)",
        r"az .*(?:keyvault|credential) .*(?:set|delete|reset|create|rotate)",
        r"docker secret (?:create|rm)",
    ),
    _rule(
        Act.PAY,
        r".*(?:send_?to_?address|send_?many|send_?raw_?transaction|eth_send\w+|sweep_all|sendcoins|payinvoice)",
        r".*\"method\" ?: ?\"(?:transfer\w*|sweep\w*|send\w*|withdraw\w*)\"",
        r"cast send\b",
        r"solana transfer\b",
        r"\S+ tx (?:bank|ibc\S*|distribution|staking) ",
        r"(?:bitcoin-cli|monero-wallet-cli|electrum|lncli|geth)\b.*"
        r"(?:send|transfer|sweep|pay)",
        r"(?:stripe|paypal)\b.*(?:refund|payout|transfer|charge)",
        r".*/(?:payouts?|refunds?|"
        r"withdraw(?:al)?s?|transfers?)\b.*(?: -d|post)",
        r"curl\b.*(?: -d|post).*/(?:payouts?|refunds?|withdraw\w*|transfers?)",
    ),
    _rule(
        Act.MIGRATE,
        r"(?:flyway|liquibase|sqitch|goose|dbmate|atlas|golang-migrate|migrate|skeema)\b(?!.*\b(?:info|status|version|"
        r"validate|history|diff)\b)",
        r"alembic (?:up|down)grade",
        r".*\bdb:(?:migrate|schema|rollback)\b(?!:status)",
        r".*manage\.py migrate\b",
        r".*\bprisma (?:migrate|db push)\b(?!.*status)",
        r".*\b(?:knex|sequelize|typeorm|"
        r"artisan|rails|rake|diesel|mix|sqlx|drizzle-kit)\b.*migrat(?!\S*[: ]status)",
        r".*\b(?:alter|create|drop) "
        r"(?:table|index|column|schema|type)\b",
    ),
    _rule(
        Act.CONNECT,
        r"(?:ssh|mosh|telnet|rsh|slogin|autossh|sftp|scp|rdesktop|xfreerdp|pssh|tsh)\b(?!.* (?:-v|-g|--version)$)",
        r"aws ssm (?:start-session|send-command)",
        r"gcloud\b.* ssh\b",
        r"az (?:ssh|vm run-command)\b",
        r"(?:docker|podman|kubectl|oc|docker-compose)\b.* (?:exec|attach|debug|rsh)\b.*(?: -\w*i| --stdin| --tty|rsh)",
        r"rsync\b.* \S+:\S*",
        r"virsh console",
        r"vagrant ssh",
        r"ansible(?:-playbook)?\b(?!.*--(?:list|syntax))",
        r"(?:nsenter|lxc exec|machinectl shell)\b",
    ),
    _rule(
        Act.PATCH,
        r"(?:apt|apt-get|aptitude|dnf|yum|zypper|apk|pacman|brew|snap|flatpak|pip3?|npm|pnpm|yarn|gem|cargo|go)\b.* "
        r"(?:install|upgrade|update|add|remove|full-upgrade|dist-upgrade|patch|-s\w*)\b",
        r"(?:rpm|dpkg) -[a-z]*[iu]",
        r"patch\b",
        r"(?:kubectl|oc)\b.* (?:patch|set image)\b",
        r"unattended-upgrade",
        r"docker\b.* (?:pull|update)\b",
        r"helm upgrade\b",
        r"fwupdmgr update",
    ),
)
"""Acts and how to recognise them."""
