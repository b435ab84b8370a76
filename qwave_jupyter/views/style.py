"""The style sheet of all HTML views: JupyterLab's colours with fallbacks, for light and dark.

Views stay legible without it: tables and cards are plain HTML.
"""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """<style>
.qw{--qf:var(--jp-ui-font-color1,#1c1c1e);--qd:var(--jp-ui-font-color2,#5d6168);--ql:var(--jp-border-color2,#d9dce1);
--qs:var(--jp-layout-color2,#f3f4f6);--qb:var(--jp-brand-color1,#2f6fec);--qo:var(--jp-success-color1,#2e9e5b);
--qw:var(--jp-warn-color1,#b36200);--qe:var(--jp-error-color1,#d03a3a);color:var(--qf);max-width:760px;
font:13px/1.45 var(--jp-ui-font-family,system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC",sans-serif)}
.qw-card{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center;
border:1px solid var(--ql);border-radius:8px;padding:9px 12px;
position:relative;overflow:hidden;min-height:60px;box-sizing:border-box}
.qw-card.qw-bad{border-color:var(--qe)}.qw-frame{flex:0 0 64px;height:40px;display:flex;align-items:center;
justify-content:center;font-size:18px}.qw-frame i{display:block;border:1.5px solid var(--qd);border-radius:3px;
background:var(--qs);box-sizing:border-box}.qw-body{flex:1 1 180px;min-width:0;overflow-wrap:anywhere}
.qw-t{font-weight:600}.qw-s{color:var(--qd);font-weight:400}.qw-right{flex:0 0 auto;color:var(--qd);text-align:right}
.qw-mono{font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace);font-size:12px}
.qw-pill{display:inline-block;border:1px solid currentColor;border-radius:9px;padding:0 7px;font-size:11px;
line-height:16px;margin-left:6px;color:var(--qw);font-weight:600}.qw-bar{position:absolute;left:0;right:0;bottom:0;
height:3px;background:var(--ql)}.qw-bar b{display:block;height:3px;background:var(--qb)}
.qw-run .qw-body>*{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.qw-card+.qw-card{margin-top:6px}
.qw-guess b{opacity:.55;background:repeating-linear-gradient(90deg,var(--qb) 0 8px,transparent 8px 12px)}
.qw-id{user-select:all;-webkit-user-select:all}
.qw-ok{color:var(--qo)}.qw-er{color:var(--qe)}.qw-live{max-width:760px;position:relative;margin:0 0 4px}
.qw-live .qw-cancel{position:absolute;right:10px;top:50%;margin:-14px 0 0;width:76px;height:28px}
.qw-live .qw-soon{opacity:0}
.qw-live .qw-card{padding-right:98px}
.qw-wide{overflow-x:auto;max-width:none}
.qw td.qw-differs{background:var(--jp-rendermime-table-row-hover-background,rgba(47,111,236,.09));font-weight:600}
.qw-off td{opacity:.6}
.qw table.qw-m{border-collapse:collapse;table-layout:auto;width:100%;margin:2px 0;font-size:13px}
.qw-m th{text-align:left;color:var(--qd);font-weight:600}
.qw table.qw-m td,.qw table.qw-m th{padding:4px 12px 4px 0;border-bottom:1px solid var(--ql);vertical-align:top;
text-align:left;background:none}.qw pre{white-space:pre-wrap;margin:4px 0}
</style>"""
