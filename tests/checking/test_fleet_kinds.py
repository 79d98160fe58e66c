"""What runs on machines: Ansible's hosts, tags and variables, Terraform's addresses, tables, swarms, entry points."""

from __future__ import annotations

import pytest
from tests.checking.test_kinds import check, last

ANSIBLE = {
    "ansible.cfg": "[defaults]\ninventory = hosts\n",
    "hosts": "[relays]\nrelay-[1:3]\n[db]\npg-a ansible_host=10.0.0.1\n[db:vars]\nport=1\n[edge:children]\nrelays\n",
    "prod/hosts.yml": "all:\n  children:\n    api:\n      hosts:\n        api-1: {ansible_host: 10.0.0.2}\n",
    "cloud/aws_ec2.yml": "plugin: aws_ec2\n",
    "site.yml": "- hosts: relays\n  vars_prompt:\n    - name: sure\n      prompt: Sure?\n  roles:\n    - relay\n"
    "- import_playbook: db.yml\n",
    "db.yml": "- hosts: db\n  tasks:\n    - {name: v, command: vacuumdb, tags: [vacuum, 'slow']}\n",
    "roles/relay/tasks/main.yml": "- include_tasks: drain.yml\n- name: r\n"
    "  command: 'x {{ site }}'\n  tags:\n    - restart\n",
    "roles/relay/tasks/drain.yml": "- command: y\n  tags: drain\n",
    "letters": "[db]\ndb-[a:f].example.com\n",
    "steps": "[relays]\nrelay-[1:10:2]\n",
    "many": "[relays]\nrelay-[1:900]\n",
    "twice": "[relays]\nr[1:2]-n[1:2]\n",
    "letters.yml": "all:\n  hosts:\n    pg-[a:f]: {}\n",
    "open.yml": "- hosts: db\n  roles: [someone.elses]\n",
}
TERRAFORM = {
    "tf/main.tf": 'variable "size" {\n}\nmodule "edge" {\n  source = "./edge"\n}\n'
    'module "far" {\n  source = "x/y/z"\n}\n'
    'resource "aws_lb" "api" {\n}\ndata "aws_ami" "base" {\n}\noutput "dns" {\n  value = 1\n}\n',
    "tf/edge/main.tf": 'resource "aws_instance" "node" {\n}\n',
    "tf/prod.tfvars": "size = 1\n",
}
TABLES = {
    "m/1.sql": "create table readings (id int, at timestamptz);\n"
    "CREATE MATERIALIZED VIEW IF NOT EXISTS public.late AS SELECT 1;\n",
    "m/2.sql": "create table passes (id int);\nalter table passes rename to windows;\n",
}
ORM = {**TABLES, "app.py": "class Reading(Base):\n    __tablename__ = 'reading'\n"}
SWARM = {"stack.yml": "services: {}\n", "docker-compose.yml": "services:\n  relay: {image: x}\n"}
ENTRY = {
    "pyproject.toml": '[tool.poetry.scripts]\nfleet = "fleet.main:app"\n',
    "src/fleet/main.py": "import typer\napp = typer.Typer()\n@app.command()\ndef up(name: str): pass\n"
    "@app.command()\ndef safe(name: str):\n    typer.confirm('Sure?')\n",
}
VERBS = {
    "ops.sh": '#!/bin/bash\nfailover() {\n  [[ $# -eq 2 ]] || { echo no; exit 2; }\n}\nlist() { ls "$@"; }\n'
    'case "${1:-}" in\n  failover) shift; failover "$@" ;;\n  list) shift\n    list "$@" ;;\n  *) exit 64 ;;\nesac\n',
}
PORTS = {"p.yml": 'targets: ["api-1:9110"]\n', "a.py": "x = 1\n"}
PLAY = "ansible-playbook site.yml -e sure=y "
TF = "terraform -chdir=tf "


@pytest.mark.parametrize(
    ("files", "fence"),
    [
        (ANSIBLE, PLAY + "-t restart,vacuum,drain --limit 'relay-2,!pg-*:edge'"),
        (ANSIBLE, PLAY + "-e site=a -i prod/hosts.yml --limit api-1"),
        (ANSIBLE, PLAY + """-e "site='a b=c' sure='x y=z'\""""),
        (ANSIBLE, "ansible-playbook open.yml --tags anything"),
        (ANSIBLE, "ansible-playbook open.yml -e postgresql_version=15"),
        (ANSIBLE, "ansible-playbook -i letters db.yml --limit db-a.example.com"),
        (ANSIBLE, "ansible-playbook -i steps db.yml --limit relay-3"),
        (ANSIBLE, "ansible-playbook -i many db.yml --limit relay-3"),
        (ANSIBLE, "ansible-playbook -i twice db.yml --limit r1-n2"),
        (ANSIBLE, "ansible-playbook -i letters.yml db.yml --limit pg-a"),
        (ANSIBLE, "ansible-playbook -i cloud db.yml --limit tag_x"),
        (ANSIBLE, "ansible db -m ping"),
        (TERRAFORM, TF + "plan -target=module.edge.aws_instance.node[0] -var size=3 -var-file=prod.tfvars"),
        (TERRAFORM, TF + "apply -target='module.far.x.y' -replace data.aws_ami.base"),
        (TERRAFORM, TF + "output dns"),
        (TERRAFORM, "cd tf\nterraform state rm aws_lb.api module.edge"),
        (
            TABLES,
            'psql -c "with late2 as (select extract(epoch from at) from readings) select * from late2, public.late"',
        ),
        (TABLES, "psql -c 'insert into windows values (1) on conflict do update set id = 2'"),
        (SWARM, "docker service scale orbit_relay=3"),
        (ENTRY, "fleet up sat"),
        (ENTRY, "yes | fleet safe sat"),
        (VERBS, "./ops.sh failover a b"),
        (VERBS, "./ops.sh list a b c"),
    ],
)
def test_what_is_there_matches(files: dict[str, str], fence: str) -> None:
    row = check(files, fence)[-1]
    assert row.verdict == "matches", row.findings


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (ANSIBLE, PLAY + "-t reload", "missing", "Ansible tag reload"),
        (ANSIBLE, PLAY + "--limit relay-9", "missing", "Ansible host or group relay-9"),
        (ANSIBLE, "ansible-playbook -i steps db.yml --limit relay-4", "missing", "host or group relay-4"),
        (ANSIBLE, "ansible-playbook -i letters db.yml --limit db-g.example.com", "missing", "group db-g.example.com"),
        (ANSIBLE, PLAY + "-e sites=a", "missing", "variable sites for Ansible"),
        (ANSIBLE, PLAY + """-e "sites='a b'\"""", "missing", "variable sites for Ansible"),
        (ANSIBLE, "ansible-playbook site.yml", "ambiguous", "asks on a terminal (vars_prompt)"),
        (ANSIBLE, "ansible-playbook sites.yml", "missing", "file sites.yml"),
        (ANSIBLE, "ansible -i prod/hosts.ini api -m ping", "missing", "inventory prod/hosts.ini"),
        (ANSIBLE, "ansible databases -m ping", "missing", "host or group databases"),
        (TERRAFORM, TF + "apply -target=module.edges", "missing", "address module.edges"),
        (TERRAFORM, TF + "taint module.edge.aws_instance.nodes", "missing", "aws_instance.nodes"),
        (TERRAFORM, TF + "plan -var sizes=3", "missing", "variable sizes"),
        (TERRAFORM, TF + "plan -var-file=stage.tfvars", "missing", "file stage.tfvars"),
        (TERRAFORM, TF + "output name", "missing", "output name"),
        (TABLES, "psql -c 'select * from reading'", "missing", "table reading"),
        (TABLES, "psql -c 'delete from passes'", "missing", "table passes"),
        (TABLES, "psql -c 'select * from user_entity'", "not_checkable", "table user_entity"),
        (ORM, "psql -c 'select * from reading'", "not_checkable", "table reading"),
        (SWARM, "docker service scale orbit_relays=3", "missing", "swarm service orbit_relays"),
        (SWARM, "docker service logs other_thing", "not_checkable", "swarm service other_thing"),
        (SWARM, "docker stack deploy -c stacks.yml orbit", "missing", "stacks.yml"),
        (ENTRY, "fleet up", "missing", "arguments of fleet up: name"),
        (ENTRY, "fleet safe sat", "ambiguous", "asks on a terminal"),
        (VERBS, "./ops.sh failover a", "missing", "arguments of ops.sh failover"),
        (PORTS, "curl -s http://api-1:9111/x", "ambiguous", "port 9111 of api-1"),
    ],
)
def test_what_has_drifted_is_found(files: dict[str, str], fence: str, verdict: str, what: str) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings
