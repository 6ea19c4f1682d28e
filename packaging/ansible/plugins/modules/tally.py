# SPDX-License-Identifier: MIT
"""The documentation. The action of the same name does the work, on the controller."""

DOCUMENTATION = r"""
module: tally
short_description: Keep the books of a rollout
version_added: 1.0.0
description:
  - A part of the playbook C(rollctl.rollctl.rollout), for those who copy it. Counts what hosts did over all waves,
    failed and unreachable ones alike, decides whether the rollout goes on, and writes the report.
  - Reads what was registered for each host as C(rollctl_plan), C(rollctl_deploy) and C(rollctl_back), and the fact
    C(rollctl_failure), which says that a task beside the deploy has failed.
author: The rollctl authors (@rollctl)
options:
  stage:
    description: What has just happened. C(begin) judges the plans of all hosts. C(wave) counts the deploys of a
      wave. C(gate) notes what its check found. C(back) counts the rollbacks. C(end) closes the report.
    type: str
    required: true
    choices: [begin, wave, gate, back, end]
  report:
    description: The file of the controller in which the report stands, as JSON. A rollout that it calls open goes
      on. In check mode C(.check) is appended.
    type: path
    required: true
  app:
    description: The app, for C(begin).
    type: str
  release:
    description: The release, for C(begin).
    type: str
  id:
    description: A name for the rollout, for C(begin). The next run with this name goes on with it, also where the
      report is lost.
    type: str
  max_failed:
    description: For C(begin), how many hosts may fail or be unreachable in the whole rollout, as a number or as in
      C(5%).
    type: raw
    default: 0
  failure:
    description: For C(gate), why the wave is not good.
    type: str
attributes:
  check_mode:
    description: The report is another file.
    support: full
"""

EXAMPLES = r"""
- name: Count who failed and who was not reached
  rollctl.rollctl.tally:
    stage: wave
    report: ~/.ansible/rollctl/web.json
  run_once: true
  delegate_to: localhost
  delegate_facts: true
"""

RETURN = r"""
ansible_facts:
  description: The fact C(rollctl_rollout) with C(id); C(note) of each deploy; C(stop) and C(why); C(wave), its
    number; C(failed) and C(unreachable), the numbers of hosts; C(go_back), a list of hosts; C(remaining), the number
    of hosts of later waves; C(outcome); and C(text), the report as lines.
  returned: always
  type: dict
"""
