from flows.importing import import_statement
from flows.reconciling import run, undo_run
from ledger.postings import balance_rial
from tests.factories import a_pledge
from core.jalali import jalali_plain
from core.clock import tehran_date
import sys; sys.path.insert(0,'/tmp')
from gen import as_csv, as_xlsx
def test_x(database, now):
    with database.writing() as s:
        p=a_pledge(s); dep=p.deposit_id
    d=jalali_plain(tehran_date(now))
    rows=[("12,500,000","2,500,000","0","واریز","علی","1",dep,"61205","شعبه","10:00:00",d,"1"),
      ("12,450,000","0","50,000","کارمزد خدمات","","2","0","61205","اداره کل مدیریت عملیات","11:00:00",d,"2"),
      ("22,450,000","10,000,000","0","واریز انتقالی","","3","0","61205","اداره کل","11:00:00",d,"3")]
    r=import_statement(database,as_csv(rows),"x.csv",account="90190",now=now)
    assert (r.new,r.opening_rial,r.closing_rial)==(3,10_000_000,22_450_000)
    rep=run(database,now=now); print(rep)
    assert rep.by_rule=={'deposit_id':1,'bank_fee':1}
    with database.reading() as s:
        for a in ("bank:90190","suspense:90190","fees","fund:most-needed"): print(a,balance_rial(s,a))
        assert balance_rial(s,"suspense:90190")==-10_000_000
    assert undo_run(database,rep.run,reason="x",now=now)==2
    with database.reading() as s:
        assert balance_rial(s,"suspense:90190")==-12_450_000
    rep=run(database,now=now); print(rep)
    assert rep.by_rule=={'deposit_id':1,'bank_fee':1}
    r=import_statement(database,as_xlsx(rows),"x.csv",account="90190",now=now)
    assert (r.new,r.known)==(0,3)
