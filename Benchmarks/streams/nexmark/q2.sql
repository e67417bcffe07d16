-- Selection: a filter that few bids pass.
SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0
